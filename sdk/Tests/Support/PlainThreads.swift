internal import Glibc

/// Threads that belong to no Swift executor, so that what runs on them may block.
package final class PlainThreads {
    private var handles: [pthread_t] = []

    /// Starts threads.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - body: What each runs; it receives its number, from 0.
    package init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        for number in 0..<count {
            let box = Unmanaged.passRetained(Box { body(number) })
            var handle = pthread_t()
            let status = pthread_create(
                &handle, nil,
                { argument in
                    if let argument {
                        Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                    }
                    return nil
                }, box.toOpaque())
            if status == 0 { handles.append(handle) } else { box.release() }
        }
    }

    /// Waits for the end of all.
    package func join() {
        for handle in handles { pthread_join(handle, nil) }
        handles = []
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
