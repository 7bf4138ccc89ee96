import Foundation

/// A thread that makes batches ahead of their use: two wait at most, then it waits.
final class BackgroundReader: Sendable {
  private static let capacity = 2

  private final class Queue: @unchecked Sendable {
    private let condition = NSCondition()
    private var batches: [Batch] = []
    private var failure: TrainingError?
    private var isFinished = false
    private var isCancelled = false

    /// Waits for room; `false` if nothing is wanted any more.
    func put(_ batch: Batch) -> Bool {
      condition.lock()
      defer { condition.unlock() }
      while batches.count >= BackgroundReader.capacity, !isCancelled { condition.wait() }
      if isCancelled { return false }
      batches.append(batch)
      condition.signal()
      return true
    }

    func finish(_ error: TrainingError?) {
      condition.lock()
      failure = error
      isFinished = true
      condition.signal()
      condition.unlock()
    }

    func cancel() {
      condition.lock()
      isCancelled = true
      condition.broadcast()
      condition.unlock()
    }

    /// `nil` when all batches have been taken.
    func take() throws(TrainingError) -> Batch? {
      condition.lock()
      defer { condition.unlock() }
      while batches.isEmpty, !isFinished { condition.wait() }
      if !batches.isEmpty {
        condition.signal()
        return batches.removeFirst()
      }
      if let failure { throw failure }
      return nil
    }
  }

  private let queue = Queue()

  /// `produce` hands each batch to the function it is given, and ends when that says `false`.
  init(_ produce: sending @escaping (_ emit: (Batch) -> Bool) throws -> Void) {
    let queue = queue
    let work = ThreadWork(run: produce)
    Thread.detachNewThread {
      do {
        try work.run { queue.put($0) }
        queue.finish(nil)
      } catch let error as TrainingError {
        queue.finish(error)
      } catch {
        queue.finish(.source(error))
      }
    }
  }

  deinit { queue.cancel() }

  func next() throws(TrainingError) -> Batch? { try queue.take() }

  /// What only the new thread will touch.
  private struct ThreadWork: @unchecked Sendable {
    let run: (_ emit: (Batch) -> Bool) throws -> Void
  }
}
