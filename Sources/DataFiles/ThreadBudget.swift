import Foundation

/// How many threads of one piece of work are busy at once, so that reading does not take from computing.
///
/// Threads that wait for each other within a step are slowed by any other on their processors. Who computes therefore
/// goes first and gets all it asks for; who reads or writes gets what is left, a piece of work at a time. Pieces must not
/// nest.
///
/// `@unchecked`, because all that changes is read and written under `condition`.
public final class ThreadBudget: @unchecked Sendable {
  public let count: Int
  private let condition = NSCondition()
  private var free: Int
  private var computations = 0

  /// At least one thread.
  public init(_ count: Int) {
    self.count = max(count, 1)
    free = self.count
  }

  /// Runs `body`, which uses so many threads, as soon as they are free; nothing else begins before it.
  public func computing<Result>(_ threads: Int, _ body: () throws -> Result) rethrows -> Result {
    let taken = min(max(threads, 1), count)
    condition.lock()
    computations += 1
    while free < taken { condition.wait() }
    computations -= 1
    free -= taken
    condition.unlock()
    defer { giveBack(taken) }
    return try body()
  }

  /// Runs a piece of other work of one thread when computing leaves one.
  public func aside<Result>(_ body: () throws -> Result) rethrows -> Result {
    condition.lock()
    while free < 1 || computations > 0 { condition.wait() }
    free -= 1
    condition.unlock()
    defer { giveBack(1) }
    return try body()
  }

  private func giveBack(_ threads: Int) {
    condition.lock()
    free += threads
    condition.broadcast()
    condition.unlock()
  }
}
