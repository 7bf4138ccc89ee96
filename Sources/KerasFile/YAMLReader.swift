import KerasCore
import OrderedCollections
import Yams

/// Reads the architectures of `to_yaml` (Keras 0 to 2.3, tf.keras up to 2.5) into the JSON that `to_json` wrote of them.
///
/// Scalars mean what they meant to PyYAML (YAML 1.1). Of its Python tags only those of plain data and NumPy's
/// numbers are read; an object of any other class would have to be built by running Python, and is refused.
struct YAMLReader {
  /// Keras' longest architectures are a few megabytes.
  private static let maximumSize = 64 << 20
  private static let maximumDepth = 256
  /// Values after aliases are followed; an alias stands for all it contains.
  private static let maximumNodes = 4_000_000

  let file: String
  private var budget = maximumNodes

  static func open(_ contents: FileContents, _ path: String) throws(KerasFileError) -> ModelSource {
    guard contents.count <= maximumSize else {
      throw KerasFileError(file: path, .tooLarge("a YAML text of \(contents.count) bytes"))
    }
    var reader = YAMLReader(file: path)
    let yaml = try reader.parse(contents.array())
    guard case .object(let members) = yaml,
      members["class_name"] != nil || members["layers"] != nil || members["nodes"] != nil
    else { throw KerasFileError(file: path, .unknownFormat("it looks like YAML, but is no Keras architecture")) }
    return ModelSource(
      file: path, format: .yaml, config: yaml, configContainer: "", versionStamp: yaml["keras_version"]?.stringValue,
      backend: yaml["backend"]?.stringValue)
  }

  init(file: String) { self.file = file }

  mutating func parse(_ bytes: [UInt8]) throws(KerasFileError) -> JSON {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw KerasFileError(file: file, .damaged("the YAML text is not UTF-8"))
    }
    if let reason = YAMLShape.refusal(bytes) { throw KerasFileError(file: file, .tooLarge("the YAML text: \(reason)")) }
    let root: Node?
    do {
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw KerasFileError(file: file, .damaged("the YAML text: \(Self.reason(error))"))
    }
    guard let root else { throw KerasFileError(file: file, .unknownFormat("it is empty")) }
    return try value(root, depth: 0)
  }

  private mutating func value(_ node: Node, depth: Int) throws(KerasFileError) -> JSON {
    budget -= 1
    guard budget > 0 else {
      throw KerasFileError(file: file, .tooLarge("the YAML text has more than \(Self.maximumNodes) values"))
    }
    guard depth < Self.maximumDepth else {
      throw KerasFileError(file: file, .tooLarge("the YAML text is nested \(depth) deep"))
    }
    switch node {
    case .scalar(let scalar): return try self.scalar(scalar)
    case .sequence(let sequence):
      let tag = sequence.tag.description
      if YAMLNumpyScalar.tags.contains(Self.short(tag)), let number = YAMLNumpyScalar.value(sequence) { return number }
      guard ["", "!", "seq", "python/list", "python/tuple"].contains(Self.short(tag)) else {
        throw refused(tag, sequence.mark)
      }
      var elements: [JSON] = []
      for element in sequence { elements.append(try value(element, depth: depth + 1)) }
      return .array(elements)
    case .mapping(let mapping):
      let tag = mapping.tag.description
      guard ["", "!", "map", "python/dict"].contains(Self.short(tag)) else { throw refused(tag, mapping.mark) }
      var members: OrderedDictionary<String, JSON> = [:]
      for (key, element) in mapping {
        members[try self.key(key)] = try value(element, depth: depth + 1)
      }
      return .object(members)
    case .alias: throw KerasFileError(file: file, .damaged("the YAML text: an alias of nothing"))
    }
  }

  /// A key as Python's `json` would write it.
  private func key(_ node: Node) throws(KerasFileError) -> String {
    guard case .scalar(let scalar) = node else {
      throw KerasFileError(file: file, .unsupported("a YAML key that is no text\(Self.place(node.mark))"))
    }
    switch try self.scalar(scalar) {
    case .string("<<") where scalar.style == .plain:
      throw KerasFileError(file: file, .unsupported("a YAML merge key\(Self.place(scalar.mark))"))
    case .string(let text): return text
    case let other: return other.text()
    }
  }

  private func scalar(_ scalar: Node.Scalar) throws(KerasFileError) -> JSON {
    let tag = scalar.tag.description
    switch Self.short(tag) {
    case "": return scalar.style == .plain ? YAMLScalar.resolved(scalar.string) : .string(scalar.string)
    case "!", "str", "python/str", "python/unicode": return .string(scalar.string)
    case "null", "python/none": return .null
    case "bool", "python/bool":
      if let value = YAMLScalar.boolean(scalar.string) { return .bool(value) }
    case "int", "python/int", "python/long":
      if let value = YAMLScalar.integer(scalar.string) { return value }
    case "float", "python/float":
      if let value = YAMLScalar.float(scalar.string) { return .number(value) }
      if let value = YAMLScalar.integer(scalar.string)?.doubleValue { return .number(value) }
    default: throw refused(tag, scalar.mark)
    }
    throw KerasFileError(file: file, .damaged("'\(scalar.string)' is no \(Self.short(tag))\(Self.place(scalar.mark))"))
  }

  private func refused(_ tag: String, _ mark: Mark?) -> KerasFileError {
    let place = Self.place(mark)
    return KerasFileError(
      file: file,
      .unsupported(
        "the YAML tag !!\(Self.short(tag))\(place), an object that only Python could make; ask Keras for to_json()"))
  }

  private static let prefix = "tag:yaml.org,2002:"

  private static func short(_ tag: String) -> String {
    tag.hasPrefix(prefix) ? String(tag.dropFirst(prefix.count)) : tag
  }

  private static func place(_ mark: Mark?) -> String { mark.map { " at line \($0.line)" } ?? "" }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      "\(problem) at line \(mark.line)"
    case YamlError.reader(let problem, _, _, _): problem
    case YamlError.duplicatedKeysInMapping(let keys, _): "the key '\(keys.first ?? "")' is there twice"
    default: "it cannot be parsed"
    }
  }
}
