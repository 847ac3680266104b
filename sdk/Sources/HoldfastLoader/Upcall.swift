internal import CHoldfast

/// Runs an upcall of a driver on the state that the sink or source was made with.
///
/// - Parameters:
///   - context: The pointer that the driver gives back; only a broken driver gives none.
///   - type: What it points to.
///   - body: The work; its status goes back to the driver.
/// - Returns: The status for the driver.
func upcall<State: ~Copyable>(
    _ context: UnsafeMutableRawPointer?, _ type: State.Type,
    _ body: (inout State) -> holdfast_status
) -> holdfast_status {
    guard let context = unsafe context else { return HOLDFAST_INTERNAL }
    // SAFETY: each sink and source is made with a pointer to this very type, which its call keeps
    // alive and touches only through upcalls until the call returns.
    return unsafe body(&context.assumingMemoryBound(to: type).pointee)
}

/// What a driver hands out in a call, copied and checked.
struct Collected<Value> {
    private(set) var values: [Value] = []
    private(set) var defect: Defect?
    private let most = 1024

    /// Copies one more value.
    mutating func add(_ copy: () throws(Defect) -> Value) -> holdfast_status {
        do throws(Defect) {
            guard values.count < most else { throw Defect("reported more than \(most) values") }
            values.append(try copy())
            return HOLDFAST_OK
        } catch {
            defect = error
            return HOLDFAST_INTERNAL
        }
    }
}

/// The one value that a driver hands out in a call, copied and checked.
struct Single<Value> {
    private(set) var value: Value?
    private(set) var defect: Defect?

    /// Copies the value.
    mutating func add(_ copy: () throws(Defect) -> Value) -> holdfast_status {
        do throws(Defect) {
            guard value == nil else { throw Defect("reported more than 1 values") }
            value = try copy()
            return HOLDFAST_OK
        } catch {
            defect = error
            return HOLDFAST_INTERNAL
        }
    }
}

/// A sink for one object's information.
func infoSink(_ collected: UnsafeMutablePointer<Single<ObjectInfo>>) -> holdfast_info_sink {
    unsafe holdfast_info_sink(
        size: UInt32(MemoryLayout<holdfast_info_sink>.size), flags: 0, context: collected,
        info: { context, value in
            unsafe upcall(context, Single<ObjectInfo>.self) { collected in
                collected.add { () throws(Defect) in try unsafe ObjectInfo(value) }
            }
        })
}
