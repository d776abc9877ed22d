import NIOCore

/// Runs tasks on an event loop, so that a request is read, handled and answered on the thread that its connection lives
/// on: handing it to another thread and back would cost more than most handlers do.
///
/// What blocks has threads of its own (the database's connections); what computes for long does not belong into a handler
/// either way. Several cores are used by several replicas, and by the connections' threads, which run transactions.
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
