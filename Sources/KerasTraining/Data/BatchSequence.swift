import KerasCore

/// A batch: some rows of a feed.
struct Batch {
  let feed: BatchFeed
  let rows: ArraySlice<Int>

  /// The numbers of its samples in their source.
  var ids: [Int] { feed.ids(of: rows) }
}

/// The batches of one epoch after the other.
protocol BatchSequence: AnyObject {
  /// Samples of an epoch.
  var count: Int { get }
  var batchSize: Int { get }

  /// Begins an epoch, counted from 1, behind its first `skipped` batches.
  ///
  /// If only the samples' numbers are wanted, nothing need be read: batches may lack their arrays.
  func begin(epoch: Int, skipping skipped: Int, numbersOnly: Bool) throws(TrainingError)

  /// The next batch, `nil` behind the last.
  func next() throws(TrainingError) -> Batch?
}

extension BatchSequence {
  func begin(epoch: Int, skipping skipped: Int) throws(TrainingError) {
    try begin(epoch: epoch, skipping: skipped, numbersOnly: false)
  }

  /// Batches of an epoch; the last may be smaller.
  var steps: Int { (count + batchSize - 1) / batchSize }
}

/// Batches of data in memory, all of it shuffled anew for each epoch.
final class MemoryBatches: BatchSequence {
  let batchSize: Int
  let feed: BatchFeed
  private var order: SampleOrder
  private var epoch = 0
  private var position = 0

  var count: Int { feed.count }

  /// In the order of the data without a seed.
  init(_ feed: BatchFeed, batchSize: Int, shuffleSeed: UInt64?) {
    self.feed = feed
    self.batchSize = max(batchSize, 1)
    order = SampleOrder(count: feed.count, shuffleSeed: shuffleSeed)
  }

  func begin(epoch: Int, skipping skipped: Int, numbersOnly: Bool) {
    // An epoch's order is the one before it shuffled once more.
    while self.epoch < epoch {
      order.beginEpoch()
      self.epoch += 1
    }
    position = min(skipped * batchSize, feed.count)
  }

  func next() -> Batch? {
    guard position < feed.count else { return nil }
    let end = min(position + batchSize, feed.count)
    defer { position = end }
    return Batch(feed: feed, rows: order.indices[position..<end])
  }
}
