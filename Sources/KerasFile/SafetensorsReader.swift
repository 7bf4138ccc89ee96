import KerasCore
import OrderedCollections

/// Reads safetensors files that hold a model's config beside its arrays, as this program writes them.
///
/// The header is checked as the format's own readers do: a length below 100 MB, arrays that lie without gaps one after
/// the other and fill the file, sizes that fit their shapes.
struct SafetensorsReader {
  static let configKey = "config"
  static let compileKey = "compile_config"
  static let orderKey = "variables"
  private static let largestHeader = 100_000_000

  let file: String
  private let contents: FileContents
  private let header: OrderedDictionary<String, JSON>
  private let start: Int

  /// Whether the bytes begin as a safetensors file does: a length that fits, and an object.
  static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "{") else { return false }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    return length >= 2 && length <= largestHeader && length <= UInt64(bytes.count - 8)
  }

  init(_ contents: FileContents, file: String) throws(KerasFileError) {
    self.file = file
    self.contents = contents
    let length = contents.withBytes { Int(UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))) }
    start = 8 + length
    let text = contents.withBytes { Array($0[8..<8 + length]) }
    let json = try ModelFile.parseJSON(text, file: file, container: "the header")
    guard case .object(let members) = json else {
      throw KerasFileError(file: file, .damaged("the header is \(json.kind), not an object"))
    }
    header = members
  }

  func model() throws(KerasFileError) -> ModelSource {
    let metadata = header["__metadata__"]
    guard let config = metadata?[Self.configKey]?.stringValue else {
      throw KerasFileError(
        file: file, .missing("the model's config: this safetensors file holds arrays without an architecture, which"))
    }
    var source = ModelSource(
      file: file, format: .safetensors, config: try text(config, Self.configKey),
      configContainer: "__metadata__/" + Self.configKey,
      versionStamp: metadata?["keras_version"]?.stringValue ?? "3.15.1", weights: .groups(try groups(metadata)))
    source.trainedBy = metadata?["trained_by"]?.stringValue ?? ""
    if let compile = metadata?[Self.compileKey]?.stringValue {
      source.trainingConfig = try text(compile, Self.compileKey)
      source.trainingConfigContainer = "__metadata__/" + Self.compileKey
    }
    source.record = metadata?["keraskit"]?.stringValue.flatMap { try? JSON(parsing: Array($0.utf8)) }
    return source
  }

  private func text(_ text: String, _ key: String) throws(KerasFileError) -> JSON {
    try ModelFile.parseJSON(Array(text.utf8), file: file, container: "__metadata__/\(key)")
  }

  /// The arrays by their layer, as HDF5 files have them, in the order that the metadata give.
  private func groups(_ metadata: JSON?) throws(KerasFileError) -> [WeightGroup] {
    let arrays = try arrays()
    var names = Array(arrays.keys)
    if let order = metadata?[Self.orderKey]?.stringValue {
      let listed = try text(order, Self.orderKey).arrayValue?.compactMap(\.stringValue) ?? []
      guard Set(listed) == Set(names), listed.count == names.count else {
        throw KerasFileError(file: file, .damaged("the list of variables names others than the arrays"))
      }
      names = listed
    }
    var groups: OrderedDictionary<String, [StoredArray]> = [:]
    for name in names {
      guard let array = arrays[name] else { continue }
      groups[String(name.prefix { $0 != "/" }), default: []].append(array)
    }
    return groups.map { WeightGroup(name: $0.key, arrays: $0.value) }
  }

  private func arrays() throws(KerasFileError) -> OrderedDictionary<String, StoredArray> {
    let types = Dictionary(uniqueKeysWithValues: SafetensorsWriter.types.map { ($1, $0) })
    var spans: [(range: Range<Int>, name: String)] = []
    var result: OrderedDictionary<String, StoredArray> = [:]
    let available = contents.count - start
    for (name, entry) in header where name != "__metadata__" {
      guard let typeName = entry["dtype"]?.stringValue, let shape = entry["shape"]?.arrayValue?.map(\.intValue),
        let first = entry["data_offsets"]?[0]?.intValue, let last = entry["data_offsets"]?[1]?.intValue
      else { throw KerasFileError(file: file, .damaged("the entry of '\(name)' lacks dtype, shape or data_offsets")) }
      guard let dtype = types[typeName] else {
        throw KerasFileError(file: file, .unsupported("the array '\(name)' of type \(typeName)"))
      }
      let sizes = shape.compactMap { $0 }
      guard sizes.count == shape.count, sizes.allSatisfy({ $0 >= 0 }), let count = checkedProduct(sizes),
        case let (size, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount), !overflow, first >= 0,
        last >= first, last <= available, last - first == size
      else { throw KerasFileError(file: file, .damaged("the place of '\(name)' does not fit its shape or the file")) }
      spans.append((first..<last, name))
      let (contents, place, file) = (contents, start + first..<start + last, file)
      let readPart: StoredArray.PartReader = { first, target throws(KerasFileError) in
        guard first >= 0, first <= place.count, target.count <= place.count - first else {
          throw KerasFileError(file: file, .damaged("\(name): its elements end early"))
        }
        do throws(FileError) {
          try contents.copy(from: place.lowerBound + first, to: target)
        } catch {
          throw KerasFileError(file: file, .damaged("\(name): \(error.reason)"))
        }
      }
      result[name] = StoredArray(name: name, path: name, dtype: dtype, shape: sizes, readPart: readPart) {
        () throws(KerasFileError) -> TensorData in
        do {
          return try TensorData(dtype: dtype, shape: sizes, bytes: contents.copy(place))
        } catch {
          throw KerasFileError(file: file, .damaged("\(name): \(error)"))
        }
      }
    }
    var next = 0
    spans.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    for span in spans {
      guard span.range.lowerBound == next else {
        throw KerasFileError(file: file, .damaged("the array '\(span.name)' overlaps another or leaves a gap"))
      }
      next = span.range.upperBound
    }
    guard next == available else {
      throw KerasFileError(file: file, .damaged("\(available - next) bytes of the file belong to no array"))
    }
    return result
  }
}
