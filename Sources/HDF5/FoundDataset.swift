import KerasCore

/// A data set whose description has been read and checked; its elements are read when asked for, as often as asked for.
///
/// Reading takes nothing but the elements from the file (for texts of free length also the heap that holds them).
public struct FoundDataset: Sendable {
  public let path: String
  public var dtype: DType { dataset.dtype }
  public var shape: [Int] { dataset.shape }
  private let file: HDF5File
  private let dataset: HDF5File.Dataset

  init(_ file: HDF5File, _ dataset: HDF5File.Dataset, path: String) {
    self.file = file
    self.dataset = dataset
    self.path = path
  }

  /// The whole data set in its stored type; compressed and big-endian ones come out as little-endian bytes.
  public func read() throws(HDF5Error) -> TensorData {
    try file.about(path) { () throws(HDF5Error.Cause) in
      let elements = try file.elements(of: dataset)
      return try file.tensor(elements, dataset.type, dataset.shape, isBfloat16: dataset.dtype == .bfloat16)
    }
  }

  /// Whether the elements lie in the file as `read` gives them: in one piece, neither packed nor in another order.
  public var isPlain: Bool {
    guard case .contiguous(let place?, let stated) = dataset.layout, dataset.size <= stated else { return false }
    let type = dataset.type
    guard case .numeric = type.kind, type.bits == nil, !type.isBigEndian || type.size == 1 else { return false }
    return file.bytes.holds(place, dataset.size) && dataset.dtype.byteCount == type.size
  }

  /// Fills all of `target` with the elements' bytes from byte `start` on; only for plain data sets.
  public func read(at start: Int, into target: UnsafeMutableRawBufferPointer) throws(HDF5Error) {
    try file.about(path) { () throws(HDF5Error.Cause) in
      guard isPlain, case .contiguous(let place?, _) = dataset.layout, start >= 0, start <= dataset.size,
        target.count <= dataset.size - start
      else { throw .damaged("its elements end early") }
      try file.bytes.copy(from: place + start, to: target)
    }
  }
}

extension HDF5File {
  /// Finds a data set; throws as `describe` does.
  public func find(_ path: String) throws(HDF5Error) -> FoundDataset {
    try about(path) { () throws(HDF5Error.Cause) in FoundDataset(self, try dataset(path), path: path) }
  }
}
