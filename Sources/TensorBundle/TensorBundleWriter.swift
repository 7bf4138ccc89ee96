import KerasCore
import SwiftProtobuf

/// Writes a TensorFlow checkpoint: `PREFIX.index` and `PREFIX.data-00000-of-00001`.
///
/// Its root object has one list, `variables`. The elements go to the file as they come; `finish` writes the index, and
/// without it nothing has a name.
public final class TensorBundleWriter {
  /// What the root calls its list of variables.
  public static let list = "variables"

  private let prefix: String
  private let data: AtomicFile
  private var offset = 0
  private var entries: [String: TFBundleEntry] = [:]
  /// The variables' names, in order.
  private var names: [String] = []

  /// Throws `FileError.unwritable` if the folder is missing or closed to us.
  public init(prefix: String) throws(FileError) {
    self.prefix = prefix
    data = try AtomicFile(replacing: prefix + ".data-00000-of-00001")
  }

  /// The key of the value of the variable at a place of the list.
  public static func key(_ position: Int) -> String { "\(list)/\(position)/.ATTRIBUTES/VARIABLE_VALUE" }

  /// Appends a variable of numbers to the list; throws `FileError.unwritable`, for strings too.
  public func add(_ name: String, _ value: TensorData) throws(FileError) {
    guard let number = TensorBundle.number(of: value.dtype) else {
      throw FileError(path: prefix, .unwritable("the variable \(name) is of \(value.dtype.rawValue)"))
    }
    entries[Self.key(names.count)] = try append(value.bytes, number, value.shape, checked: value.bytes)
    names.append(name)
  }

  /// Writes the index and the description of the objects; nothing may be added afterwards.
  public func finish() throws(FileError) {
    do {
      try finishUnchecked()
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(path: prefix, .unwritable("\(error)"))
    }
  }

  private func finishUnchecked() throws {
    // A string tensor: its length, the checksum of the length as four bytes, the string.
    let bytes: [UInt8] = try objects().serializedBytes()
    let length = Self.fixed(UInt32(bytes.count))
    let checksum = Self.fixed(length.withUnsafeBytes { MaskedChecksum.of($0) })
    let stored = SortedTableWriter.varint(bytes.count) + checksum + bytes
    entries[TensorBundle.graphKey] = try append(stored, 7, [], checked: length + checksum + bytes)
    try data.commit()

    var header = TFBundleHeader()
    (header.numShards, header.version.producer) = (1, 1)
    var table = SortedTableWriter()
    table.add([], try header.serializedBytes())
    for (key, entry) in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      table.add(Array(key.utf8), try entry.serializedBytes())
    }
    try AtomicFile.write(table.finished(), to: prefix + ".index")
  }

  private func append(
    _ bytes: [UInt8], _ type: Int32, _ shape: [Int], checked: [UInt8]
  ) throws(FileError) -> TFBundleEntry {
    var entry = TFBundleEntry()
    (entry.dtype, entry.offset, entry.size) = (type, Int64(offset), Int64(bytes.count))
    entry.shape.dim = shape.map { size in
      var dimension = TFTensorShape.Dim()
      dimension.size = Int64(size)
      return dimension
    }
    entry.crc32C = checked.withUnsafeBytes { MaskedChecksum.of($0) }
    try data.write(bytes)
    offset += bytes.count
    return entry
  }

  /// The root, its list, then the variables.
  private func objects() -> TFTrackableObjectGraph {
    func reference(_ name: String, _ node: Int) -> TFObjectReference {
      var reference = TFObjectReference()
      (reference.localName, reference.nodeID) = (name, Int32(node))
      return reference
    }
    var graph = TFTrackableObjectGraph()
    graph.nodes = [.init(), .init()]
    graph.nodes[0].children = [reference(Self.list, 1)]
    for (index, name) in names.enumerated() {
      graph.nodes[1].children.append(reference(String(index), index + 2))
      var value = TFTrackableObjectGraph.SerializedTensor()
      (value.name, value.fullName, value.checkpointKey) = ("VARIABLE_VALUE", name, Self.key(index))
      var variable = TFTrackableObjectGraph.TrackableObject()
      variable.attributes = [value]
      graph.nodes.append(variable)
    }
    return graph
  }

  private static func fixed(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
}
