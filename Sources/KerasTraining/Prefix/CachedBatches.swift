import KerasCore

/// Batches whose frozen prefix is computed when a sample is first seen, and kept.
final class CachedBatches: BatchSequence {
  private let source: any BatchSequence
  private let split: SplitLoss
  private let budget: CacheBudget
  private var store: RowStore?
  private var form: [BatchFeed.Column] = []
  /// By the number of rows.
  private var threads: [Int: Int] = [:]
  private var isOff = false

  var count: Int { source.count }
  var batchSize: Int { source.batchSize }

  init(_ source: any BatchSequence, _ split: SplitLoss, _ budget: CacheBudget) {
    self.source = source
    self.split = split
    self.budget = budget
  }

  func begin(epoch: Int, skipping skipped: Int, numbersOnly: Bool) throws(TrainingError) {
    try source.begin(epoch: epoch, skipping: skipped, numbersOnly: numbersOnly || store?.isComplete == true)
  }

  func next() throws(TrainingError) -> Batch? {
    guard let batch = try source.next() else { return nil }
    let ids = batch.ids
    if let store, store.hasAll(ids) {
      return Batch(feed: try stored(ids, in: store), rows: Array(ids.indices)[...])
    }
    let feed = try split.computed(batch)
    threads[feed.count] = feed.threads
    try keep(feed, ids)
    return Batch(feed: feed, rows: Array(ids.indices)[...])
  }

  private func keep(_ feed: BatchFeed, _ ids: [Int]) throws(TrainingError) {
    if store == nil, !isOff {
      let rowBytes = feed.columns.reduce(0) { $0 + $1.rowSize }
      form = feed.columns.map { .init(name: $0.name, rowShape: $0.rowShape, rowSize: $0.rowSize, bytes: []) }
      store = try budget.store(count: count, rowBytes: rowBytes)
      isOff = store == nil
    }
    // Samples of other shapes than the first are computed each time.
    guard let store, zip(form, feed.columns).allSatisfy({ $0.rowShape == $1.rowShape }) else { return }
    for (row, id) in ids.enumerated() {
      let bytes = feed.rowData(row)
      var failure: TrainingError?
      bytes.withUnsafeBytes { raw in
        do throws(TrainingError) { try store.write(id, raw) } catch { failure = error }
      }
      if let failure { throw failure }
    }
  }

  private func stored(_ ids: [Int], in store: RowStore) throws(TrainingError) -> BatchFeed {
    var columns = form
    for index in columns.indices { columns[index].bytes.reserveCapacity(ids.count * columns[index].rowSize) }
    let row = UnsafeMutableRawBufferPointer.allocate(byteCount: store.rowBytes, alignment: 16)
    defer { row.deallocate() }
    for id in ids {
      try store.read(id, into: row)
      var start = 0
      for index in columns.indices {
        let end = start + columns[index].rowSize
        columns[index].bytes.append(contentsOf: row[start..<end])
        start = end
      }
    }
    return BatchFeed(count: ids.count, columns: columns, threads: threads[ids.count])
  }
}
