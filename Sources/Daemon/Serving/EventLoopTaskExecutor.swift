internal import NIOCore

/// Runs tasks on an event loop.
///
/// A connection's task waits for its loop and for the pool by turns. On the loop itself an answer need
/// not wake a third thread on its way from the pool to the socket.
final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
