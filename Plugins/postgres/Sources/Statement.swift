internal import HoldfastDriver

/// A value that goes with a statement.
enum Parameter: Sendable {
    case text(String)
    case bytes([UInt8])
    case number(Int64)
    case flag(Bool)
    case null
}

/// The types of parameters, by PostgreSQL's numbers for them, which never change.
enum ParameterType: UInt32, Sendable {
    case flag = 16
    case bytes = 17
    case number = 20
    case text = 25
}

/// A statement with its name and the types of its parameters.
struct Statement: Sendable {
    /// A number of its own in the store, from 0; where a connection remembers that it is prepared.
    let place: Int
    /// Its name on a connection.
    let name: String
    let sql: String
    let types: [UInt32]

    /// Makes a statement; statements of one place must be the same.
    init(_ place: Int, _ sql: String, _ types: [ParameterType] = []) {
        self.place = place
        name = "holdfast_\(place)"
        self.sql = sql
        self.types = types.map(\.rawValue)
    }

    /// A statement that is not kept.
    init(once sql: String, _ types: [ParameterType] = []) { self.init(-1, sql, types) }
}

/// A statement with the values for its parameters.
struct Step: Sendable {
    let statement: Statement
    let parameters: [Parameter]

    init(_ statement: Statement, _ parameters: [Parameter] = []) {
        self.statement = statement
        self.parameters = parameters
    }
}
