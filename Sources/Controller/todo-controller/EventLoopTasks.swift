import NIOCore

/// Runs tasks on an event loop, so that an answer is read, handled and followed by the next request on one thread.
///
/// The operator waits far more than it works. With a pool of threads beside the event loop, most of its time would go into
/// waking one for the other.
final class EventLoopTasks: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
