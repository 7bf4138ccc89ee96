import DataFiles
import KerasCore
import KerasEngine

extension Model {
  /// Predicts for samples batch by batch: while one is computed the next is read, and the results of the one before are
  /// written.
  ///
  /// `write` gets the outputs of each batch in order. Of `threads` no more are busy at once, whatever they do; so with one
  /// nothing overlaps, and everything happens on the caller's. Else `write` runs on a thread of its own, and no more
  /// when this returns or throws. Two batches are read ahead at most. `progress` hears of finished samples and their
  /// total, if it is known.
  ///
  /// Throws `KerasKitError`, or what `write` throws.
  public func predict(
    _ input: PredictionInput, batchSize: Int = 32, progress: (Int, Int?) -> Void = { _, _ in },
    write: @escaping @Sendable ([TensorData]) throws -> Void
  ) throws {
    var failure: WritingFailure?
    do {
      try readyPredictor().run(
        input, names: inputs.map(\.name), batchSize: batchSize, threads: threads, progress: progress, write: write)
    } catch let error as WritingFailure {
      failure = error
    } catch {
      // A fault of the data goes before what came of it, and is told as reading all of it tells it.
      try KerasKitError.wrap(input.check)
      throw KerasKitError(error)
    }
    if let failure { throw failure.error }
  }
}

/// What `write` threw, to be told from what reading and computing throw.
private struct WritingFailure: Error {
  var error: any Error
}

extension Predictor {
  fileprivate func run(
    _ input: PredictionInput, names: [String], batchSize: Int, threads: Int, progress: (Int, Int?) -> Void,
    write: @escaping @Sendable ([TensorData]) throws -> Void
  ) throws {
    let size = try checkedBatchSize(of: input.count, batchSize)
    try begin()
    let budget = threads > 1 ? ThreadBudget(threads) : nil
    let batches = budget == nil ? try input.open(nil) : nil
    let ahead = budget.map { budget in
      ReadAhead<[TensorData]> { emit in
        let batches = try input.open(budget)
        while let batch = try batches(size), emit(batch) {}
      }
    }
    let writer = BatchWriter(budget, write)
    defer { writer.leave() }
    let done = try run(
      count: input.count, size: size, names: names, sharing: budget, next: { try batches?(size) ?? ahead?.next() },
      progress: progress, use: writer.put)
    guard done > 0 else { throw KerasKitError.badRequest("the data has no samples") }
    if let count = input.count, done != count {
      throw KerasKitError.sampleCount(names.first ?? "", expected: count, found: done)
    }
    try writer.finish()
  }
}

/// Hands results to `write`, at once or on a thread of its own.
private struct BatchWriter {
  private let write: (([TensorData]) throws -> Void)?
  private let behind: WriteBehind<[TensorData]>?

  init(_ budget: ThreadBudget?, _ write: @escaping @Sendable ([TensorData]) throws -> Void) {
    if let budget {
      self.write = nil
      behind = WriteBehind { results in
        do { try budget.aside { try write(results) } } catch { throw WritingFailure(error: error) }
      }
    } else {
      self.write = { results in
        do { try write(results) } catch { throw WritingFailure(error: error) }
      }
      behind = nil
    }
  }

  func put(_ results: [TensorData]) throws {
    try write?(results)
    try behind?.put(results)
  }

  func finish() throws { try behind?.finish() }

  func leave() { behind?.leave() }
}

/// Whether the outputs of all batches can be rows of the same arrays.
struct OutputShapes {
  private var first: [[Int]] = []
  private var other: [[Int]?] = []

  /// `false` once an output had another shape than in the first batch.
  mutating func agree(_ results: [TensorData]) -> Bool {
    if first.isEmpty {
      first = results.map(\.shape)
      other = results.map { _ in nil }
    }
    for (index, array) in results.enumerated()
    where other[index] == nil && array.shape.dropFirst() != first[index].dropFirst() {
      other[index] = array.shape
    }
    return other.allSatisfy { $0 == nil }
  }

  /// Throws `KerasKitError.badRequest` for an output whose shapes differed.
  func check(count: Int) throws(KerasKitError) {
    for (index, shape) in other.enumerated() {
      guard let shape else { continue }
      throw .badRequest(
        "output \(index) has shape \(Shape(first[index])) in one batch and \(Shape(shape)) in another, as their longest "
          + "texts differ; a batch size of \(count) makes one array of them")
    }
  }
}
