import CHDF5
import KerasCore

extension HDF5File {
  /// What a data set holds, known without reading it.
  public struct DatasetDescription: Sendable, Hashable {
    public var dtype: DType
    public var shape: [Int]
  }

  /// Type and shape of a data set.
  ///
  /// Throws `HDF5Error.leavesFile` for external and virtual storage, `.tooLarge` for sizes that its storage contradicts.
  public func describe(_ path: String) throws(HDF5Error) -> DatasetDescription {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> DatasetDescription in
      let dataset = try openObject(path, as: .dataset)
      let elements = try elements(of: dataset, path)
      let stored = ElementType(stored: elements.type.id)
      let dtype = try dtype(of: stored, isBfloat16: elements.isBfloat16, path)
      let shape = try shape(of: elements.space, path)
      let size = checkedProduct(shape + [max(dtype.byteCount, 1)]) ?? Int.max
      try checkDeclaredSize(size, storage: elements.storageBytes, path)
      return DatasetDescription(dtype: dtype, shape: shape)
    }
  }

  /// Reads a whole data set in its stored type; compressed and big-endian ones come out as little-endian bytes.
  public func read(_ path: String) throws(HDF5Error) -> TensorData {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> TensorData in
      let dataset = try openObject(path, as: .dataset)
      return try tensor(elements(of: dataset, path))
    }
  }

  /// Checks where a data set keeps its elements before anything else is asked of it.
  private func elements(of dataset: borrowing HDF5Handle, _ path: String) throws(HDF5Error) -> Elements {
    guard let properties = HDF5Handle(H5Dget_create_plist(dataset.id)) else { throw damaged(path) }
    let layout = H5Pget_layout(properties.id)
    if layout == H5D_VIRTUAL {
      throw HDF5Error(file: name, object: path, .leavesFile("the data set is assembled from other files"))
    }
    if H5Pget_external_count(properties.id) > 0 {
      throw HDF5Error(file: name, object: path, .leavesFile("the data set's elements are in another file"))
    }
    guard let type = HDF5Handle(H5Dget_type(dataset.id)), let space = HDF5Handle(H5Dget_space(dataset.id)) else {
      throw damaged(path)
    }
    let storage = Int(clamping: H5Dget_storage_size(dataset.id))
    if layout == H5D_CHUNKED {
      try checkChunk(properties, elementSize: H5Tget_size(type.id), storage: storage, path)
    }
    let isBfloat16 =
      H5Tget_class(type.id) == H5T_OPAQUE
      ? try readAttribute("dtype", of: dataset, path)?.strings.first == "bfloat16" : false
    let id = dataset.id
    return Elements(object: path, type: type, space: space, isBfloat16: isBfloat16, storageBytes: storage) {
      H5Dread(id, $0, HDF5Library.defaults, HDF5Library.defaults, HDF5Library.defaults, $1)
    }
  }

  /// The library allocates whole chunks, so their size has to be as believable as the data set's.
  private func checkChunk(
    _ properties: borrowing HDF5Handle, elementSize: Int, storage: Int, _ path: String
  ) throws(HDF5Error) {
    var dimensions = [hsize_t](repeating: 0, count: Limits.rank)
    let rank = Int(H5Pget_chunk(properties.id, Int32(dimensions.count), &dimensions))
    guard (0...Limits.rank).contains(rank) else { throw damaged(path) }
    let size = checkedProduct(dimensions.prefix(rank).map { Int(clamping: $0) } + [elementSize]) ?? Int.max
    try checkDeclaredSize(size, storage: storage, path)
    // A filter that gave less than a chunk would have the library read on behind it.
    let packed = keraskit_h5_lzf_chunk(properties.id)
    guard packed == -1 || packed == Int64(size) else {
      throw HDF5Error(
        file: name, object: path, .damaged("its LZF filter is for chunks of \(packed) bytes, not \(size)"))
    }
  }
}
