/// A storage driver: what an author implements.
///
/// A driver opens stores of one kind. Its target also holds one registration, which the SDK calls
/// before anything else:
///
/// ```swift
/// @c(holdfast_swift_register)
/// public func register() { DriverRegistration.register(LocalDriver.self) }
/// ```
///
/// The rules of `holdfast/driver.h` hold; the SDK keeps those about memory, tables and upcalls.
public protocol Driver: Sendable {
    /// The type of an open store.
    associatedtype Store: DriverStore

    /// The driver's id, options and declared capabilities. Must not touch files or the network.
    static var description: DriverDescription { get }

    /// Verbs of its own that this driver offers on its stores; none unless it says so.
    static var operations: [Operation<Store>] { get }

    /// Makes the driver's state, once in a process.
    ///
    /// - Parameter host: The way to write to the operator's log, valid for the life of the process.
    /// - Throws: ``DriverError`` when the driver cannot work in this process at all.
    init(host: HostServices) throws(DriverError)

    /// Opens a store, and makes what is missing of it unless ``Options/mustExist`` forbids it.
    ///
    /// - Parameters:
    ///   - options: The checked options, defaults filled in.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The open store.
    /// - Throws: ``DriverError``; then nothing is left open.
    func open(_ options: Options, _ call: Call) throws(DriverError) -> Store
}

extension Driver {
    /// No operations.
    public static var operations: [Operation<Store>] { [] }
}

/// An open store: one bucket and prefix, one database file, one directory.
///
/// Methods block. They are called from any thread, with the concurrency that the description's
/// ``DriverDescription/threadModel`` allows.
public protocol DriverStore: AnyObject, Sendable {
    /// Reports what this store can do.
    ///
    /// - Parameter call: The call's deadline and cancellation.
    /// - Returns: The capabilities; one that is missing counts as none.
    /// - Throws: ``DriverError``.
    func capabilities(_ call: Call) throws(DriverError) -> [Capability]

    /// Reports one object's information.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: What is known of the object.
    /// - Throws: ``DriverError``, with ``DriverError/Code/notFound`` when there is none.
    func head(_ key: ObjectKey, _ call: Call) throws(DriverError) -> ObjectInfo

    /// Reads an object: its information first, by ``ObjectSink/begin(_:)``, then its bytes.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - range: The bytes to send; the end is clamped to the object's.
    ///   - sink: Where the information and the bytes go.
    ///   - call: The call's deadline and cancellation.
    /// - Throws: ``DriverError``; what ``ObjectSink/write(_:)`` throws is passed on unchanged.
    func get(
        _ key: ObjectKey, _ range: ByteRange, into sink: ObjectSink, _ call: Call
    ) throws(DriverError)

    /// Writes a whole object, all or nothing.
    ///
    /// - Parameters:
    ///   - request: The key, the condition and the attributes.
    ///   - source: The bytes.
    ///   - call: The call's deadline and cancellation.
    /// - Returns: The new information, with a version that was never used before.
    /// - Throws: ``DriverError``; its ``DriverError/applied`` is truthful.
    func put(
        _ request: PutRequest, from source: ObjectSource, _ call: Call
    ) throws(DriverError) -> ObjectInfo

    /// Removes an object; an absent one under no condition is a success.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - condition: None or a version.
    ///   - call: The call's deadline and cancellation.
    /// - Throws: ``DriverError``; its ``DriverError/applied`` is truthful.
    func remove(_ key: ObjectKey, _ condition: Condition, _ call: Call) throws(DriverError)

    /// Lists a collection in ascending byte order of the path.
    ///
    /// - Parameters:
    ///   - request: What to list.
    ///   - sink: Where the entries go.
    ///   - call: The call's deadline and cancellation.
    /// - Throws: ``DriverError``; what ``EntrySink/send(_:)`` throws is passed on unchanged.
    func list(_ request: ListRequest, into sink: EntrySink, _ call: Call) throws(DriverError)

    /// Checks that the store can be used now.
    ///
    /// - Parameter call: The call's deadline and cancellation.
    /// - Returns: The store's clock, or `nil` when it has none.
    /// - Throws: ``DriverError``.
    func ping(_ call: Call) throws(DriverError) -> StoreClock?

    /// Closes the store. Called once, when no other call is in flight.
    ///
    /// - Parameter call: The call's deadline and cancellation.
    func close(_ call: Call)
}
