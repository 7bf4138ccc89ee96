import DataFiles
import KerasCore

/// Batches of a source that a background thread reads, shuffled within a buffer.
///
/// In memory are the buffer's samples as float32, three batches, and a block of what was read last (4 MiB, or one sample
/// if that is larger).
final class StreamedBatches: BatchSequence {
  let batchSize: Int
  private let source: any SampleSource
  private let loss: LossGraph
  private let classWeights: [Int: Double]
  private let shuffleBuffer: Int?
  private let seed: UInt64
  private var reader: ReadAhead<Batch>?
  /// Bytes of a sample, once one has been read.
  private var rowBytes: Int?

  var count: Int { source.count }

  /// A buffer of less than two samples leaves the order as it is; `nil` is `FitOptions.standardShuffleBuffer`, or as many as
  /// fit into 256 MiB.
  init(
    _ source: any SampleSource, for loss: LossGraph, classWeights: [Int: Double] = [:], batchSize: Int,
    shuffleBuffer: Int? = 0, seed: UInt64 = 0
  ) {
    self.source = source
    self.loss = loss
    self.classWeights = classWeights
    self.batchSize = max(batchSize, 1)
    self.shuffleBuffer = shuffleBuffer
    self.seed = seed
  }

  func begin(epoch: Int, skipping skipped: Int, numbersOnly: Bool) {
    reader = nil
    guard skipped < steps else { return }
    let epochSeed = seed &+ UInt64(epoch) &* 0xd134_2543_de82_ef95
    let shufflable = shuffleBuffer ?? .max > 1 ? source as? any ShuffledSource : nil
    let shuffled = shufflable?.shuffled(epochSeed)
    let order = shuffled.flatMap { _ in shufflable?.order(epochSeed) }.flatMap { $0.count == count ? $0 : nil }
    // The numbers alone can stand for the samples once it is known how many of them a buffer holds.
    let numbers = numbersOnly && knowsNumbers ? rowBytes.map { ($0, order ?? Array(0..<count)) } : nil
    var production = BatchProduction(
      source: shuffled ?? source, order: order, numbers: numbers, loss: loss, classWeights: classWeights,
      batchSize: batchSize, skipped: skipped, shuffleBuffer: shuffled == nil ? shuffleBuffer : 0,
      random: SplitMix64(state: epochSeed))
    reader = ReadAhead { emit in try production.run(emit) }
  }

  func next() throws(TrainingError) -> Batch? {
    let batch: Batch?
    do {
      batch = try reader?.next()
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .source(error)
    }
    if let batch, !batch.feed.columns.isEmpty { rowBytes = batch.feed.rowBytes }
    return batch
  }

  /// Whether samples of all epochs have numbers: a source that shuffles itself may not say how.
  var knowsNumbers: Bool {
    guard shuffleBuffer ?? .max > 1, let source = source as? any ShuffledSource, source.shuffled(seed) != nil else {
      return true
    }
    return source.order(seed)?.count == count
  }
}

/// The work of the background thread: reads blocks, brings them into a plan's form, shuffles and cuts batches.
private struct BatchProduction: Sendable {
  let source: any SampleSource
  /// The samples' numbers in the order of `source`, where they are not in theirs.
  let order: [Int]?
  /// Numbers to be put out in place of samples that are read, and the bytes of such a sample.
  let numbers: (rowBytes: Int, ids: [Int])?
  let loss: LossGraph
  let classWeights: [Int: Double]
  let batchSize: Int
  let skipped: Int
  let shuffleBuffer: Int?
  var random: SplitMix64

  private static let blockBytes = 4 << 20
  private static let standardBufferBytes = 256 << 20

  /// Gives `emit` each batch until it wants no more.
  mutating func run(_ emit: (Batch) -> Bool) throws {
    let shuffles = shuffleBuffer ?? .max > 1
    var capacity = min(shuffleBuffer ?? FitOptions.standardShuffleBuffer, source.count)
    // Without shuffling what is skipped need not be read; the shuffled order depends on all of it.
    let start = shuffles ? 0 : min(skipped * batchSize, source.count)
    var unread = source.count - start
    var toSkip = shuffles ? skipped : 0
    let reader = numbers == nil ? try source.reader(from: start) : nil
    var buffer: BatchFeed?
    var batch: BatchFeed?
    var blockRows = min(batchSize, 1024)

    /// Adds a row to the batch, which goes when it is full; `false` when no more is wanted.
    func add(_ row: Int, of feed: BatchFeed) throws -> Bool {
      if batch == nil { batch = feed.empty(capacity: batchSize) }
      try batch?.append(row, of: feed)
      return batch?.count == batchSize ? send() : true
    }
    func send() -> Bool {
      guard let full = batch else { return true }
      batch = nil
      if toSkip > 0 {
        toSkip -= 1
        return true
      }
      return emit(Batch(feed: full, rows: Array(0..<full.count)[...]))
    }

    while unread > 0 {
      let position = source.count - unread
      let block = try block(from: position, min(blockRows, unread), reader)
      unread -= block.count
      let rowBytes = numbers?.rowBytes ?? block.rowBytes
      if shuffleBuffer == nil {
        capacity = min(capacity, max(2, Self.standardBufferBytes / max(rowBytes, 1)))
      }
      blockRows = max(1, min(4096, Self.blockBytes / max(rowBytes, 1)))
      for row in 0..<block.count {
        guard shuffles else {
          guard try add(row, of: block) else { return }
          continue
        }
        if buffer == nil { buffer = block.empty(capacity: capacity) }
        guard var pool = buffer.take() else { return }
        defer { buffer = pool }
        if pool.count < capacity {
          try pool.append(row, of: block)
        } else {
          let chosen = Int(random.next() % UInt64(pool.count))
          guard try add(chosen, of: pool) else { return }
          try pool.replace(chosen, with: row, of: block)
        }
      }
    }
    if let pool = buffer {
      var order = Array(0..<pool.count)
      for last in stride(from: order.count - 1, to: 0, by: -1) {
        order.swapAt(last, Int(random.next() % UInt64(last + 1)))
      }
      for row in order { guard try add(row, of: pool) else { return } }
    }
    _ = send()
  }

  /// The next samples, at most `limit`, with their numbers.
  private func block(from position: Int, _ limit: Int, _ reader: (any SampleReader)?) throws -> BatchFeed {
    if let numbers { return BatchFeed(ids: Array(numbers.ids[position..<position + limit])) }
    guard let data = try reader?.next(limit) else {
      throw TrainingError.sampleCount(name: "data", expected: source.count, found: position)
    }
    let rows = position..<position + data.count
    return try BatchFeed(data, for: loss, classWeights: classWeights)
      .numbered(order.map { Array($0[rows.clamped(to: $0.indices)]) } ?? Array(rows))
  }
}
