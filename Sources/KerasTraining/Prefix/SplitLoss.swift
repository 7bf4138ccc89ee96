import KerasCore
import KerasEngine
import KerasGraph

/// A loss whose frozen prefix is computed apart from the rest.
final class SplitLoss {
  /// The loss of samples whose prefix is computed.
  let rest: CompiledLoss
  let split: FrozenPrefix
  private let whole: CompiledLoss
  private let executor: Executor
  private let restInputs: Set<String>
  private let prefixInputs: Set<String>

  /// `nil` if no layers worth it give a sample the same in every run.
  ///
  /// `changing` are the variables that training changes.
  init?(
    _ whole: CompiledLoss, changing: Set<String>, store: ParameterStore, options: EngineOptions
  ) throws(TrainingError) {
    // Strings, and integers of 64 bits, are kept by no cache.
    let isNumeric = !whole.graph.inputNames.contains { name in
      whole.graph.input(named: name).map { whole.graph.type($0).dtype == .string } ?? false
    }
    guard isNumeric, whole.graph.categoryInputs.isEmpty else { return nil }
    let inputs = Set(whole.loss.inputNames)
    let split = try graphStep { () throws(GraphError) in
      try FrozenPrefix(of: whole.graph, inputs: inputs, changing: changing)
    }
    guard let split else { return nil }
    self.split = split
    self.whole = whole
    rest = CompiledLoss(whole, rest: split.rest, store: store, options: options)
    executor = Executor(split.prefix, parameters: store, mutableParameters: true, options: options)
    restInputs = Set(split.rest.inputNames)
    prefixInputs = Set(split.prefix.inputNames)
  }

  /// What the rest takes of a batch: the prefix's results, and arrays that do not go through it.
  func computed(_ batch: Batch) throws(TrainingError) -> BatchFeed {
    let rows = batch.rows
    let threads = try whole.threads(for: batch.feed, batchSize: rows.count)
    var columns = try engineStep { () throws(EngineError) in
      let plan = try executor.plan(for: batch.feed.shapes(batchSize: rows.count), threads: threads)
      try batch.feed.fill(plan, rows: rows, only: prefixInputs)
      try plan.execute()
      var columns: [BatchFeed.Column] = []
      for (index, name) in split.names.enumerated() {
        let shape = plan.outputTypes[index].shape.concrete ?? []
        let bytes = try plan.withOutput(index) { Array($0) }
        columns.append(
          .init(name: name, rowShape: Array(shape.dropFirst()), rowSize: bytes.count / rows.count, bytes: bytes))
      }
      return columns
    }
    for column in batch.feed.columns where restInputs.contains(column.name) {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(rows.count * column.rowSize)
      for row in rows { bytes += column.bytes[row * column.rowSize..<(row + 1) * column.rowSize] }
      columns.append(.init(name: column.name, rowShape: column.rowShape, rowSize: column.rowSize, bytes: bytes))
    }
    return BatchFeed(count: rows.count, columns: columns, threads: threads)
  }

  /// What the plans of both parts reserve for a batch; runs the prefix.
  func reservedBytes(_ batch: Batch) throws(TrainingError) -> Int {
    let feed = try computed(batch)
    let prefix = try engineStep { () throws(EngineError) in
      try executor.plan(for: batch.feed.shapes(batchSize: feed.count), threads: feed.threads).reservedByteCount
    }
    return try prefix + rest.plan(for: feed, rows: (0..<feed.count).map { $0 }[...]).reservedByteCount
  }

  /// Bytes that are kept for each sample of a feed, as far as shapes are known.
  func bytesPerSample(_ feed: BatchFeed?) -> Int? {
    guard let own = split.countPerSample else { return nil }
    let others = (feed?.columns ?? []).filter { restInputs.contains($0.name) }
    return 4 * own + others.reduce(0) { $0 + $1.rowSize }
  }
}
