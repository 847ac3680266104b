/// A verb of a driver's own, such as `sqlite.vacuum`: what `holdfast driver call` runs.
///
/// ```swift
/// static var operations: [Operation<Store>] {
///     [
///         Operation(
///             "acme.trim", "Drops what is older than some days.", [.mutates, .idempotent],
///             Parameter.integer("days", "The age from which on things go.", in: 1...3650),
///             result: .json(schema: #"{"type":"object"}"#)
///         ) { (store, result, call, days) throws(DriverError) in
///             try result.write("{\"dropped\":\(try store.trim(days, call))}")
///         }
///     ]
/// }
/// ```
public struct Operation<Store: DriverStore>: Sendable {
    /// What a caller and the host must know.
    let traits: OperationTraits
    let id: String
    let summary: String
    let result: OperationResultKind
    let parameters: [ParameterDescription]
    let run: @Sendable (Store, [OperationValue], OperationResult, Call) throws(DriverError) -> Void

    /// Declares an operation.
    ///
    /// - Parameters:
    ///   - id: The driver's id, a dot and a name of `[a-z0-9_]`.
    ///   - summary: What it does, in one sentence.
    ///   - traits: What a caller and the host must know.
    ///   - parameters: What it takes, in the order of the body's last arguments.
    ///   - result: What the body writes.
    ///   - body: Does it. It receives the store, where the result goes, the call's deadline and
    ///     cancellation, and an argument for each parameter.
    public init<each Value: OperationArgument>(
        _ id: String, _ summary: String, _ traits: OperationTraits,
        _ parameters: repeat Parameter<each Value>, result: OperationResultKind,
        body:
            @escaping @Sendable (Store, OperationResult, Call, repeat each Value)
            throws(DriverError) -> Void
    ) {
        self.id = id
        self.summary = summary
        self.traits = traits
        self.result = result
        var descriptions: [ParameterDescription] = []
        repeat descriptions.append((each parameters).description)
        self.parameters = descriptions
        run = { (store, values, result, call) throws(DriverError) in
            var rest = values[...]
            func next<V: OperationArgument>(_ type: V.Type) -> V { V(rest.popFirst()) }
            try body(store, result, call, repeat next((each Value).self))
        }
    }
}

/// What a caller and the host must know of an operation.
public struct OperationTraits: OptionSet, Sendable {
    /// The bits of `HOLDFAST_TRAIT_…`.
    public let rawValue: UInt32

    /// Makes traits from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// It looks at what is stored.
    public static let reads = Self(rawValue: 1)
    /// It changes what is stored, or how.
    public static let mutates = Self(rawValue: 2)
    /// A repeat is harmless: the host may repeat a failed call.
    public static let idempotent = Self(rawValue: 4)
    /// Its arguments or its result hold objects' bytes.
    public static let content = Self(rawValue: 8)
}

/// What an operation writes.
public enum OperationResultKind: Sendable {
    /// Nothing.
    case none
    /// One JSON document, with its JSON schema.
    case json(schema: String)
    /// UTF-8.
    case text
    /// Anything.
    case bytes
}
