import KerasCore

/// A data set of which some rows are read at a time.
public struct HDF5Rows: Sendable {
  public let path: String
  public let shape: [Int]
  /// Rows that lie in one chunk: reading multiples of it unpacks each chunk once.
  public let chunkRows: Int
  private let file: HDF5File
  private let dataset: HDF5File.Dataset

  /// Throws `HDF5Error` as `HDF5File.describe` does, and for data without an axis of rows.
  public init(_ file: HDF5File, path: String) throws(HDF5Error) {
    self.file = file
    self.path = path
    let dataset = try file.about(path) { () throws(HDF5Error.Cause) in
      let dataset = try file.dataset(path)
      guard !dataset.shape.isEmpty else { throw .wrongKind("an array with an axis of rows is needed here") }
      return dataset
    }
    self.dataset = dataset
    shape = dataset.shape
    if case .chunked(let index) = dataset.layout { chunkRows = index.shape.first ?? 1 } else { chunkRows = 1 }
  }

  /// The rows of a range, which has to lie in the data set, in its stored type.
  ///
  /// What the system read of the file for them is dropped from memory.
  public func read(_ range: Range<Int>) throws(HDF5Error) -> TensorData {
    try file.about(path) { () throws(HDF5Error.Cause) in
      guard let count = dataset.shape.first, range.lowerBound >= 0, range.upperBound <= count else {
        throw .damaged("rows \(range) of \(dataset.shape)")
      }
      defer { file.bytes.releasePages() }
      let rowSize = count > 0 ? dataset.size / count : 0
      var part = dataset
      part.shape[0] = range.count
      part.size = rowSize * range.count
      let stored = range.lowerBound * rowSize..<range.upperBound * rowSize
      let elements: [UInt8]
      switch dataset.layout {
      case .virtual: throw .leavesFile("the data set is assembled from other files")
      case .compact(let content):
        guard dataset.size <= content.count else { throw .damaged("its elements end early") }
        elements = try file.bytes.copy(content.lowerBound + stored.lowerBound..<content.lowerBound + stored.upperBound)
      case .contiguous(let place?, let stated):
        guard dataset.size <= stated, file.bytes.holds(place, dataset.size) else {
          throw .damaged("its elements end early")
        }
        elements = try file.bytes.copy(place + stored.lowerBound..<place + stored.upperBound)
      case .contiguous(nil, _): elements = try file.filled(part)
      case .chunked(let index): elements = try rows(range, index, part)
      }
      return try file.tensor(elements, dataset.type, part.shape, isBfloat16: dataset.dtype == .bfloat16)
    }
  }

  private func rows(
    _ range: Range<Int>, _ index: ChunkIndex, _ part: HDF5File.Dataset
  ) throws(HDF5Error.Cause) -> [UInt8] {
    var elements = try file.filled(part)
    let depth = index.shape.first ?? 1
    for chunk in dataset.chunks {
      guard let first = chunk.origin.first, first < range.upperBound, first + depth > range.lowerBound,
        zip(chunk.origin, dataset.shape).allSatisfy({ $0 < $1 })
      else { continue }
      let content = try dataset.filters.decode(file.bytes.copy(chunk.stored), size: index.size, mask: chunk.mask)
      // The chunk's rows within the range, as a chunk of their own.
      let top = max(first, range.lowerBound)
      let bottom = min(first + depth, range.upperBound)
      let rowBytes = content.count / max(depth, 1)
      let cut = Array(content[(top - first) * rowBytes..<(bottom - first) * rowBytes])
      var (shape, origin) = (index.shape, chunk.origin)
      shape[0] = bottom - top
      origin[0] = top - range.lowerBound
      HDF5File.place(cut, shape, at: origin, in: &elements, part.shape, dataset.type.size)
    }
    return elements
  }
}
