import KerasCore
import KerasTraining

/// Some of a source's samples: parts spread evenly over data in memory, which may be sorted, else the first ones.
struct SpreadSamples {
  let source: any SampleSource
  let count: Int
  let isSpread: Bool
  /// Samples one after the other.
  private let parts: [Range<Int>]

  /// A fixed batch size leaves out the rest that does not fill a batch.
  init(_ source: any SampleSource, count limit: Int, fixedBatch: Int?) {
    self.source = source
    let whole = fixedBatch.map { source.count / $0 * $0 } ?? source.count
    var count = min(max(limit, fixedBatch ?? 1), whole)
    if let fixedBatch { count = count / fixedBatch * fixedBatch }
    self.count = count
    guard source is DataSet, count < whole, fixedBatch == nil, count >= 2 else {
      (parts, isSpread) = ([0..<count], count == source.count)
      return
    }
    let number = min(count, 64)
    parts = (0..<number).map { index in
      let (first, next) = (count * index / number, count * (index + 1) / number)
      let start = whole * index / number
      return start..<start + next - first
    }
    isSpread = true
  }

  /// One sample.
  func first() throws -> DataSet? { try source.reader(from: 0).next(1) }

  /// Hands out all of them in batches of `size`, only the last of which may be smaller; at most `limit` batches.
  func forEachBatch(of size: Int, limit: Int = .max, _ body: (DataSet) throws -> Void) throws {
    var (batches, pieces, gathered) = (0, [DataSet](), 0)
    func flush() throws {
      guard gathered > 0, batches < limit else { return }
      try body(try DataSet(joining: pieces))
      (batches, pieces, gathered) = (batches + 1, [], 0)
    }
    for part in parts {
      let reader = try source.reader(from: part.lowerBound)
      var left = part.count
      while left > 0, batches < limit, let piece = try reader.next(min(size - gathered, left)) {
        pieces.append(piece)
        gathered += piece.count
        left -= piece.count
        if gathered >= size { try flush() }
      }
    }
    try flush()
  }
}

extension DataSet {
  /// Samples one part after the other.
  fileprivate init(joining parts: [DataSet]) throws {
    guard let first = parts.first else { throw TrainingError.noSamples }
    if parts.count == 1 {
      self = first
      return
    }
    func joined(_ arrays: (DataSet) -> [TensorData]) throws -> [TensorData] {
      try arrays(first).indices.map { index in try TensorData(joining: parts.map { arrays($0)[index] }) }
    }
    try self.init(
      inputs: joined { $0.inputs }, targets: joined { $0.targets }, sampleWeights: joined { $0.sampleWeights })
  }
}
