import KerasCore
import SwiftProtobuf

/// A TensorFlow checkpoint: the index `PREFIX.index` and the elements in `PREFIX.data-00000-of-00001` and so on.
public struct TensorBundle: Sendable {
  /// A tensor's description.
  public struct Entry: Sendable {
    public var dtype: DType
    public var shape: [Int]
    let parts: [Part]
  }

  /// Elements that lie together: a whole tensor, or a slice of a partitioned variable.
  struct Part: Sendable {
    let start: [Int]
    let shape: [Int]
    let shard: Int
    let range: Range<Int>
    let checksum: UInt32
  }

  /// Readable tensors by key; those of strings are not among them.
  public private(set) var entries: [String: Entry] = [:]
  /// Keys of tensors that are not read, and why.
  public private(set) var unread: [String: String] = [:]
  public let prefix: String
  private let shardCount: Int
  private let isBigEndian: Bool
  private let shards: [FileContents?]
  private var objectGraphEntry: TFBundleEntry?
  private var stringEntries: [String: TFBundleEntry] = [:]

  static let graphKey = "_CHECKPOINTABLE_OBJECT_GRAPH"

  public init(prefix: String) throws(TensorBundleError) {
    self.prefix = prefix
    let index = prefix + ".index"
    let bytes = try Self.contents(index).array()
    let table = try SortedTable(bytes, name: index)
    guard let first = table.entries.first, first.key.isEmpty,
      let header = try? TFBundleHeader(serializedBytes: Array(first.value))
    else { throw TensorBundleError(index, .damaged("its header")) }
    guard (1...100_000).contains(header.numShards) else {
      throw TensorBundleError(index, .damaged("it states \(header.numShards) data files"))
    }
    shardCount = Int(header.numShards)
    isBigEndian = header.endianness == 1
    var used: Set<Int> = []
    // The slices of partitioned variables have keys that begin with a zero byte.
    var slices: [[UInt8]: ArraySlice<UInt8>] = [:]
    for (key, value) in table.entries.dropFirst() where key.first == 0 { slices[key] = value }
    for (key, value) in table.entries.dropFirst() where key.first != 0 {
      let key = String(decoding: key, as: UTF8.self)
      guard let entry = try? TFBundleEntry(serializedBytes: Array(value)) else {
        throw TensorBundleError(index, .damaged("the entry of \(key)"))
      }
      if key == Self.graphKey { objectGraphEntry = entry }
      guard let dtype = Self.dtype(entry.dtype) else {
        unread[key] = entry.dtype == 7 ? "a tensor of strings" : "element type \(entry.dtype)"
        if entry.dtype == 7 {
          stringEntries[key] = entry
          used.insert(Int(entry.shardID))
        }
        continue
      }
      let read =
        entry.slices.isEmpty
        ? try Self.entry(entry, dtype, key, shardCount)
        : try Self.partitioned(entry, dtype, key, slices, shardCount)
      entries[key] = read
      used.formUnion(read.parts.map(\.shard))
    }
    var shards: [FileContents?] = Array(repeating: nil, count: shardCount)
    for shard in used where shards.indices.contains(shard) {
      shards[shard] = try Self.contents(Self.shardName(prefix, shard, shardCount))
    }
    self.shards = shards
    for (key, entry) in entries {
      for part in entry.parts where part.range.upperBound > shards[part.shard]?.count ?? 0 {
        throw TensorBundleError(key, .damaged("its elements lie beyond the end of the data file"))
      }
    }
  }

  /// The tensor stored under `key`, its checksum checked.
  public func read(_ key: String) throws(TensorBundleError) -> TensorData {
    guard let entry = entries[key] else {
      if let reason = unread[key] { throw TensorBundleError(key, .unsupported(reason)) }
      throw TensorBundleError(key, .missing("the tensor"))
    }
    let width = entry.dtype.byteCount
    var bytes: [UInt8] = []
    for part in entry.parts {
      let content = try self.bytes(part.shard, part.range, key)
      guard content.withUnsafeBytes({ MaskedChecksum.of($0) }) == part.checksum else {
        throw TensorBundleError(key, .damaged("its checksum"))
      }
      if entry.parts.count == 1 {
        bytes = content
      } else {
        if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: (checkedProduct(entry.shape) ?? 0) * width) }
        part.place(content, in: &bytes, of: entry.shape, width: width)
      }
    }
    if isBigEndian, width > 1 {
      for start in stride(from: 0, to: bytes.count, by: width) { bytes[start..<start + width].reverse() }
    }
    do {
      return try TensorData(dtype: entry.dtype, shape: entry.shape, bytes: bytes)
    } catch {
      throw TensorBundleError(key, .damaged("\(error)"))
    }
  }

  /// The strings of a tensor, its checksums checked.
  public func strings(_ key: String) throws(TensorBundleError) -> [String] {
    guard let entry = stringEntries[key] else { throw TensorBundleError(key, .missing("the tensor of strings")) }
    let damaged = TensorBundleError(key, .damaged("its strings"))
    guard entry.slices.isEmpty, entry.size >= 4, entry.offset >= 0, (0..<shardCount).contains(Int(entry.shardID)),
      let count = checkedProduct(entry.shape.dim.map { Int(clamping: $0.size) }), count <= entry.size,
      case let (end, overflow) = entry.offset.addingReportingOverflow(entry.size), !overflow
    else { throw damaged }
    // All lengths, their checksum, the strings. The checksums are over the lengths as four bytes each.
    var cursor = ByteCursor(try bytes(Int(entry.shardID), Int(entry.offset)..<Int(end), key)[...])
    var lengths: [Int] = []
    var checked: [UInt8] = []
    for _ in 0..<count {
      guard let length = cursor.varint(), let short = UInt32(exactly: length) else { throw damaged }
      lengths.append(length)
      for byte in 0..<4 {
        checked.append(UInt8(truncatingIfNeeded: short >> UInt32(8 * (isBigEndian ? 3 - byte : byte))))
      }
    }
    let lengthChecksum = checked.withUnsafeBytes { MaskedChecksum.of($0) }
    guard let stored = cursor.take(4),
      stored.reversed().reduce(UInt32(0), { $0 << 8 | UInt32($1) })
        == (isBigEndian ? lengthChecksum.byteSwapped : lengthChecksum)
    else { throw damaged }
    checked += stored
    var strings: [String] = []
    for length in lengths {
      guard let content = cursor.take(length) else { throw damaged }
      checked += content
      strings.append(String(decoding: content, as: UTF8.self))
    }
    guard cursor.isAtEnd, checked.withUnsafeBytes({ MaskedChecksum.of($0) }) == entry.crc32C else { throw damaged }
    return strings
  }

  /// The objects whose variables the checkpoint holds; `nil` in a checkpoint of names only (TensorFlow 1).
  public func objectGraph() throws(TensorBundleError) -> ObjectGraph? {
    guard let entry = objectGraphEntry else { return nil }
    let key = Self.graphKey
    guard entry.dtype == 7, entry.shape.dim.isEmpty, entry.slices.isEmpty, entry.size > 0, entry.offset >= 0,
      (0..<shardCount).contains(Int(entry.shardID)),
      case let (end, overflow) = entry.offset.addingReportingOverflow(entry.size), !overflow,
      end <= shards[Int(entry.shardID)]?.count ?? 0
    else { throw TensorBundleError(key, .damaged("its place")) }
    // A string tensor: the lengths, their checksum, the strings.
    var cursor = ByteCursor(try bytes(Int(entry.shardID), Int(entry.offset)..<Int(end), key)[...])
    guard let length = cursor.varint(), cursor.take(4) != nil, let content = cursor.take(length),
      let graph = try? TFTrackableObjectGraph(serializedBytes: Array(content))
    else { throw TensorBundleError(key, .damaged("the description of objects")) }
    return try ObjectGraph(graph)
  }

  private func bytes(_ shard: Int, _ range: Range<Int>, _ key: String) throws(TensorBundleError) -> [UInt8] {
    guard let contents = shards[shard], range.upperBound <= contents.count else {
      throw TensorBundleError(key, .damaged("its elements lie beyond the end of the data file"))
    }
    do {
      return try contents.copy(range)
    } catch {
      throw TensorBundleError(key, .damaged("\(error.reason)"))
    }
  }

  private static func entry(
    _ entry: TFBundleEntry, _ dtype: DType, _ key: String, _ shardCount: Int
  ) throws(TensorBundleError) -> Entry {
    let shape = entry.shape.dim.compactMap { Int(exactly: $0.size) }
    guard shape.count <= 32, let count = checkedProduct(shape + [dtype.byteCount]), Int64(count) == entry.size,
      entry.offset >= 0, (0..<shardCount).contains(Int(entry.shardID)),
      case let (end, overflow) = Int(entry.offset).addingReportingOverflow(count), !overflow
    else { throw TensorBundleError(key, .damaged("its shape \(shape) and its size \(entry.size) do not fit")) }
    let part = Part(
      start: shape.map { _ in 0 }, shape: shape, shard: Int(entry.shardID), range: Int(entry.offset)..<end,
      checksum: entry.crc32C)
    return Entry(dtype: dtype, shape: shape, parts: [part])
  }

  /// A partitioned variable, each slice of which is a tensor with a key of its own.
  private static func partitioned(
    _ entry: TFBundleEntry, _ dtype: DType, _ key: String, _ stored: [[UInt8]: ArraySlice<UInt8>], _ shardCount: Int
  ) throws(TensorBundleError) -> Entry {
    let damaged = TensorBundleError(key, .damaged("its slices"))
    let shape = entry.shape.dim.compactMap { Int(exactly: $0.size) }
    guard let total = checkedProduct(shape), checkedProduct([total, dtype.byteCount]) != nil else { throw damaged }
    var parts: [Part] = []
    for slice in entry.slices {
      guard slice.extent.count == shape.count else { throw damaged }
      let extent = slice.extent.map { axis in
        (start: Int(axis.start), length: axis.hasLength_p == nil ? -1 : Int(axis.length))
      }
      guard let value = stored[SliceKey.encoded(key, extent)],
        let description = try? TFBundleEntry(serializedBytes: Array(value)), description.dtype == entry.dtype
      else { throw damaged }
      let part = try Self.entry(description, dtype, key, shardCount).parts[0]
      for (axis, size) in shape.enumerated() {
        let (start, length) = (extent[axis].start, part.shape.count == shape.count ? part.shape[axis] : -1)
        guard start >= 0, length >= 0, start <= size, length <= size - start,
          extent[axis].length == length || extent[axis].length == -1 && start == 0 && length == size
        else { throw damaged }
      }
      parts.append(
        Part(
          start: extent.map(\.start), shape: part.shape, shard: part.shard, range: part.range, checksum: part.checksum))
    }
    // As many elements as the whole has: a hole would be filled with zeros.
    guard parts.reduce(0, { $0 + $1.shape.reduce(1, *) }) == total else { throw damaged }
    return Entry(dtype: dtype, shape: shape, parts: parts)
  }

  private static func shardName(_ prefix: String, _ shard: Int, _ count: Int) -> String {
    func padded(_ number: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
    return "\(prefix).data-\(padded(shard))-of-\(padded(count))"
  }

  private static func contents(_ path: String) throws(TensorBundleError) -> FileContents {
    do {
      return try FileContents(path: path)
    } catch {
      if case .notFound = error.cause { throw TensorBundleError(path, .missing("the file")) }
      throw TensorBundleError(path, .unsupported("\(error)"))
    }
  }

  /// The numbers of TensorFlow's `DataType`.
  private static let numbers: [Int32: DType] = [
    1: .float32, 2: .float64, 3: .int32, 4: .uint8, 5: .int16, 6: .int8, 9: .int64, 10: .bool, 14: .bfloat16,
    17: .uint16, 19: .float16, 22: .uint32, 23: .uint64,
  ]

  private static func dtype(_ number: Int32) -> DType? { numbers[number] }

  /// `nil` for strings, which are stored otherwise.
  static func number(of dtype: DType) -> Int32? { numbers.first { $0.value == dtype }?.key }
}
