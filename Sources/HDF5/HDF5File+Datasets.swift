import KerasCore

extension HDF5File {
  /// What a data set holds, known without reading it.
  public struct DatasetDescription: Sendable, Hashable {
    public var dtype: DType
    public var shape: [Int]
  }

  /// Type and shape of a data set.
  ///
  /// Throws `HDF5Error.leavesFile` for external and virtual storage, `.tooLarge` for sizes that its storage contradicts,
  /// `.unsupported` for data packed in a way that is not undone.
  public func describe(_ path: String) throws(HDF5Error) -> DatasetDescription {
    let found = try find(path)
    return DatasetDescription(dtype: found.dtype, shape: found.shape)
  }

  /// Reads a whole data set in its stored type; compressed and big-endian ones come out as little-endian bytes.
  public func read(_ path: String) throws(HDF5Error) -> TensorData { try find(path).read() }

  /// A data set whose declared size has been compared with what is stored of it.
  struct Dataset: Sendable {
    var type: ElementType
    var dtype: DType
    var shape: [Int]
    var size: Int
    var layout: DataLayout
    var filters: FilterPipeline
    var chunks: [ChunkIndex.Chunk]
    /// What stands where nothing was written: one element, or zeros.
    var fill: Range<Int>?
  }

  func dataset(_ path: String) throws(HDF5Error.Cause) -> Dataset { try dataset(object(path).header) }

  func dataset(_ header: ObjectHeader) throws(HDF5Error.Cause) -> Dataset {
    guard header.isDataset else { throw .wrongKind("a data set is needed here") }
    let layout = try DataLayout(part(ObjectHeader.Kind.layout, of: header), in: bytes)
    if case .virtual(let place, let index) = layout {
      let source = sourceOfVirtual(place, index).map { " ('\($0)')" } ?? ""
      throw .leavesFile("the data set is assembled from other ones\(source)")
    }
    if let list = header[ObjectHeader.Kind.externalFiles] {
      let other = fileOfElements(list).map { "'\($0)'" } ?? "another file"
      throw .leavesFile("the data set's elements are in \(other)")
    }
    let type = try ElementType(part(ObjectHeader.Kind.datatype, of: header), in: bytes)
    let extent = try StoredExtent(part(ObjectHeader.Kind.dataspace, of: header), in: bytes)
    let shape = extent.shape
    guard let size = checkedProduct(shape + [type.size]) else { throw .tooLarge("a shape of \(shape)") }
    // Keras 3 marks bfloat16 in `.weights.h5`, but not in a whole model's `.h5`; nothing else it writes is two opaque
    // bytes.
    var isBfloat16 = type.kind == .opaque
    if isBfloat16, let mark = try attributes(of: header).first(where: { $0.name == "dtype" }) {
      isBfloat16 = try value(of: mark).strings.first == "bfloat16"
    }
    let dtype = try type.dtype(isBfloat16: isBfloat16)
    var filters = FilterPipeline()
    if header[ObjectHeader.Kind.filters] != nil {
      filters = try FilterPipeline(part(ObjectHeader.Kind.filters, of: header), in: bytes)
      try filters.check()
    }
    var chunks: [ChunkIndex.Chunk] = []
    var storage = 0
    switch layout {
    case .virtual: break
    case .compact(let content): storage = content.count
    case .contiguous(let place, let stated): storage = place == nil ? 0 : min(stated, size)
    case .chunked(let index):
      guard index.elementSize == type.size else { throw .damaged("chunks of elements of another size") }
      chunks = try index.chunks(extent, isFiltered: !filters.filters.isEmpty, in: bytes)
      guard Set(chunks.map(\.origin)).count == chunks.count else { throw .damaged("a chunk is stored twice") }
      storage = chunks.reduce(0) { $0 + $1.stored.count }
      // Whole chunks are unpacked, so their size has to be as believable as the data set's.
      try checkDeclaredSize(index.size, storage: storage)
    }
    try checkDeclaredSize(size, storage: storage)
    return Dataset(
      type: type, dtype: dtype, shape: shape, size: size, layout: layout, filters: filters, chunks: chunks,
      fill: try fill(header, type.size))
  }

  /// The first file that a virtual data set takes elements from.
  private func sourceOfVirtual(_ place: Int?, _ index: Int) -> String? {
    guard let place, let index = UInt16(exactly: index),
      let content = try? heap.object(index, at: place, in: bytes.bytes),
      var cursor = try? bytes.cursor(content), (try? cursor.skip(9)) != nil
    else { return nil }
    // Later versions of the list have flags before the name.
    if bytes.bytes[content.lowerBound] > 0 { try? cursor.skip(1) }
    return try? cursor.text()
  }

  /// The first file that holds a data set's elements (section IV.A.2.h).
  private func fileOfElements(_ list: ObjectHeader.Message) -> String? {
    guard var cursor = try? bytes.cursor(list.content), (try? cursor.skip(8)) != nil, let heap = try? cursor.place(),
      let offset = try? cursor.length(), let names = try? GroupLinks.names(heap, bytes), offset < names.count
    else { return nil }
    var name = try? bytes.cursor(at: names.lowerBound + offset, upTo: names.upperBound)
    return try? name?.text()
  }

  private func part(_ kind: Int, of header: ObjectHeader) throws(HDF5Error.Cause) -> Range<Int> {
    guard let message = header[kind] else { throw .damaged("a part of its description is missing") }
    return try ObjectHeader.content(kind, message.content, isShared: message.isShared, bytes)
  }

  /// Sections IV.A.2.e and f.
  private func fill(_ header: ObjectHeader, _ elementSize: Int) throws(HDF5Error.Cause) -> Range<Int>? {
    let isNew = header[ObjectHeader.Kind.fillValue] != nil
    let kind = isNew ? ObjectHeader.Kind.fillValue : ObjectHeader.Kind.oldFillValue
    guard let message = header[kind], !message.isShared else { return nil }
    var cursor = try bytes.cursor(message.content)
    if isNew {
      let version = try cursor.byte()
      guard (1...3).contains(version) else { throw .damaged("the fill value") }
      if version == 3 {
        if try cursor.byte() & 0x20 == 0 { return nil }
      } else {
        try cursor.skip(2)
        let isDefined = try cursor.byte() != 0
        if version == 2, !isDefined { return nil }
      }
    }
    let size = try cursor.word()
    guard size == elementSize else { return nil }
    return try cursor.take(size)
  }

  func elements(of dataset: Dataset) throws(HDF5Error.Cause) -> [UInt8] {
    switch dataset.layout {
    case .virtual: throw .leavesFile("the data set is assembled from other ones")
    case .compact(let content):
      guard dataset.size <= content.count else { throw .damaged("its elements end early") }
      return try bytes.copy(content.lowerBound..<content.lowerBound + dataset.size)
    case .contiguous(let place?, let stated):
      guard dataset.size <= stated, bytes.holds(place, dataset.size) else { throw .damaged("its elements end early") }
      return try bytes.copy(place..<place + dataset.size)
    case .contiguous(nil, _): return try filled(dataset)
    case .chunked(let index):
      var elements = try filled(dataset)
      for chunk in dataset.chunks {
        // Of a data set that became smaller, chunks may be left outside.
        guard zip(chunk.origin, dataset.shape).allSatisfy({ $0 < $1 }) else { continue }
        let content = try dataset.filters.decode(bytes.copy(chunk.stored), size: index.size, mask: chunk.mask)
        Self.place(content, index.shape, at: chunk.origin, in: &elements, dataset.shape, dataset.type.size)
      }
      return elements
    }
  }

  func filled(_ dataset: Dataset) throws(HDF5Error.Cause) -> [UInt8] {
    guard let fill = dataset.fill, dataset.size > 0 else { return [UInt8](repeating: 0, count: dataset.size) }
    let element = try bytes.copy(fill)
    guard element.contains(where: { $0 != 0 }) else { return [UInt8](repeating: 0, count: dataset.size) }
    var elements: [UInt8] = []
    elements.reserveCapacity(dataset.size)
    for _ in 0..<dataset.size / element.count { elements += element }
    return elements
  }

  /// Copies what of a chunk lies in the data set, row by row.
  static func place(
    _ chunk: [UInt8], _ chunkShape: [Int], at origin: [Int], in target: inout [UInt8], _ shape: [Int], _ size: Int
  ) {
    guard let last = chunkShape.indices.last else {
      target = chunk
      return
    }
    let extent = zip(zip(chunkShape, shape), origin).map { min($0.0, $0.1 - $1) }
    let row = extent[last] * size
    var position = [Int](repeating: 0, count: chunkShape.count)
    while true {
      var (source, destination) = (0, 0)
      for axis in chunkShape.indices {
        source = source * chunkShape[axis] + position[axis]
        destination = destination * shape[axis] + origin[axis] + position[axis]
      }
      source *= size
      destination *= size
      target.replaceSubrange(destination..<destination + row, with: chunk[source..<source + row])
      var axis = last - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < extent[axis] { break }
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}
