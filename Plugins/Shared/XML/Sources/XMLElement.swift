/// One element of a document, with all that is below it.
///
/// Attributes, comments and instructions are not kept: the answers of object stores use none.
public struct XMLElement: Sendable, Equatable {
    /// The name as it is written, with its prefix.
    public internal(set) var name: String
    /// The character data directly inside, put together.
    public internal(set) var text = ""
    /// The elements directly inside, in their order.
    public internal(set) var children: [XMLElement] = []

    init(name: String) { self.name = name }

    /// The first element directly inside with a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: `nil` when there is none.
    public func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first element directly inside with a name.
    ///
    /// - Parameter name: The name.
    /// - Returns: `nil` when there is none.
    public func text(_ name: String) -> String? { child(name)?.text }

    /// The elements directly inside with a name, in their order.
    ///
    /// - Parameter name: The name.
    /// - Returns: Any number of them.
    public func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Why a document cannot be read.
public struct XMLError: Error, Sendable {
    /// What is wrong; it quotes nothing of the document.
    public let message: String

    init(_ message: String) { self.message = message }
}

/// What a document may have at most.
public struct XMLLimits: Sendable {
    /// The bytes.
    public var byteCount: Int
    /// The elements inside one another.
    public var depth: Int
    /// The elements altogether.
    public var elementCount: Int

    /// Makes limits; the defaults fit a page of a listing.
    public init(byteCount: Int = 16 << 20, depth: Int = 32, elementCount: Int = 200_000) {
        self.byteCount = byteCount
        self.depth = depth
        self.elementCount = elementCount
    }
}
