import Foundation

/// Elements that one thread makes and another takes, of which few wait.
///
/// `@unchecked`, because all that changes is read and written under `condition`.
final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let capacity: Int
  private var elements: [Element] = []
  private var failure: (any Error)?
  private var isFinished = false
  private var isCancelled = false

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  /// Waits for room; `false` if nothing is wanted any more.
  func put(_ element: Element) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while elements.count >= capacity, !isCancelled { condition.wait() }
    if isCancelled { return false }
    elements.append(element)
    condition.broadcast()
    return true
  }

  /// Nothing comes any more, because of an error if there is one.
  func finish(_ error: (any Error)? = nil) {
    condition.lock()
    failure = error
    isFinished = true
    condition.broadcast()
    condition.unlock()
  }

  /// Nothing is wanted any more.
  func cancel() {
    condition.lock()
    isCancelled = true
    elements = []
    condition.broadcast()
    condition.unlock()
  }

  /// Waits for an element; `nil` behind the last.
  ///
  /// What ended the elements is thrown once all before it are taken.
  func take() throws -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements.isEmpty, !isFinished, !isCancelled { condition.wait() }
    if !elements.isEmpty {
      condition.broadcast()
      return elements.removeFirst()
    }
    if let failure, !isCancelled { throw failure }
    return nil
  }
}

/// What only the new thread will touch, since it was sent.
private struct Sent<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: sending Value) { self.value = value }
}

/// A thread that makes elements ahead of their use: two wait at most, then it waits.
public final class ReadAhead<Element: Sendable>: Sendable {
  private let queue = BoundedQueue<Element>(capacity: 2)

  /// `produce` hands each element to the function it is given, and ends when that says `false`.
  public init(_ produce: sending @escaping (_ emit: (Element) -> Bool) throws -> Void) {
    let queue = queue
    let work = Sent(produce)
    Thread.detachNewThread {
      do {
        try work.value { queue.put($0) }
        queue.finish()
      } catch {
        queue.finish(error)
      }
    }
  }

  deinit { queue.cancel() }

  /// The next element, `nil` behind the last; throws what `produce` threw behind what it made before.
  public func next() throws -> Element? { try queue.take() }
}

/// A thread that uses elements while the next are made: one waits at most.
public final class WriteBehind<Element: Sendable>: Sendable {
  private let queue = BoundedQueue<Element>(capacity: 1)
  private let ended = BoundedQueue<Bool>(capacity: 1)

  /// `consume` gets each element in order.
  public init(_ consume: sending @escaping (Element) throws -> Void) {
    let (queue, ended) = (queue, ended)
    let work = Sent(consume)
    Thread.detachNewThread {
      do {
        while let element = try queue.take() { try work.value(element) }
        ended.finish()
      } catch {
        ended.finish(error)
        queue.cancel()
      }
    }
  }

  deinit { queue.cancel() }

  /// Waits for room; throws what `consume` threw.
  public func put(_ element: Element) throws {
    if !queue.put(element) { _ = try ended.take() }
  }

  /// Waits until all has been used, after which `consume` is not called any more; throws what it threw.
  public func finish() throws {
    queue.finish()
    _ = try ended.take()
  }

  /// Lets what waits go; `consume` is not called any more when this returns.
  public func leave() {
    queue.cancel()
    _ = try? ended.take()
  }
}
