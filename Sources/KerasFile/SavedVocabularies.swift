import KerasCore
import TensorBundle

/// What the lookup layers of a SavedModel learned by `adapt` or were given: in tables, where the config has none.
///
/// Keras 2.6 and later keep a table whose constants stand in the graph (`lookup_table`), before that one whose keys and
/// values lie in the checkpoint (`_table`).
struct SavedVocabularies {
  private static let classes: Set<String> = ["IntegerLookup", "StringLookup", "TextVectorization"]

  private var tokens: [String: [JSON]] = [:]

  init(
    _ objects: ObjectGraph, _ savedModel: [UInt8], _ stored: ObjectGraph, _ places: [Int: Int], _ bundle: TensorBundle
  ) throws(TensorBundleError) {
    var tables: SavedTables?
    for node in objects.nodes {
      guard let text = node.metadata, let description = try? JSON(parsing: Array(text.utf8)),
        let className = description["class_name"]?.stringValue, Self.classes.contains(className),
        let name = description["name"]?.stringValue
      else { continue }
      // A TextVectorization keeps a StringLookup inside.
      let inner = node["_lookup_layer"] ?? node["_index_lookup_layer"]
      let holder = inner.map { objects.nodes[$0] } ?? node
      var pairs: [(key: JSON, value: JSON)]?
      if let table = holder["lookup_table"] {
        tables = tables ?? SavedTables(savedModel: savedModel)
        pairs = tables?.columns(of: table, in: objects).flatMap { Self.pairs($0.keys, $0.values) }
      } else if let table = holder["_table"], let place = places[table], let key = stored.nodes[place].tableKey {
        let keys = try Self.column(key + "-keys", bundle)
        pairs = Self.pairs(keys, try Self.column(key + "-values", bundle))
      }
      guard let pairs else { continue }
      let inverted = description["config"]?["invert"]?.boolValue == true
      tokens[name] = Self.vocabulary(pairs, isInverted: inverted, description["config"], className)
    }
  }

  /// A config whose lookup layers have their vocabularies.
  func filled(_ config: JSON) -> JSON {
    guard !tokens.isEmpty else { return config }
    switch config {
    case .array(let elements): return .array(elements.map(filled))
    case .object(let members):
      var members = members.mapValues(filled)
      if let className = members["class_name"]?.stringValue, Self.classes.contains(className),
        var fields = members["config"]?.objectValue, let name = fields["name"]?.stringValue, let list = tokens[name],
        fields["vocabulary"] ?? .null == .null
      {
        fields["vocabulary"] = .array(list)
        members["config"] = .object(fields)
      }
      return .object(members)
    default: return config
    }
  }

  private static func column(_ key: String, _ bundle: TensorBundle) throws(TensorBundleError) -> SavedTables.Column {
    if let entry = bundle.entries[key], entry.dtype == .int64 {
      let bytes = try bundle.read(key).bytes
      return .integers(
        stride(from: 0, to: bytes.count - 7, by: 8).map { start in
          Int64(bitPattern: (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[start + $1]) })
        })
    }
    return .strings(try bundle.strings(key))
  }

  private static func pairs(_ keys: SavedTables.Column, _ values: SavedTables.Column) -> [(key: JSON, value: JSON)]? {
    func list(_ column: SavedTables.Column) -> [JSON] {
      switch column {
      case .integers(let numbers): numbers.map { JSON(Int($0)) }
      case .strings(let texts): texts.map { .string($0) }
      }
    }
    let (keys, values) = (list(keys), list(values))
    return keys.count == values.count ? Array(zip(keys, values)) : nil
  }

  /// The tokens in the order of their numbers, without the one that stands for a mask.
  private static func vocabulary(
    _ pairs: [(key: JSON, value: JSON)], isInverted: Bool, _ config: JSON?, _ className: String
  ) -> [JSON] {
    let numbered = pairs.map { isInverted ? (token: $0.value, number: $0.key) : (token: $0.key, number: $0.value) }
    let mask = className == "TextVectorization" ? JSON.string("") : config?["mask_token"] ?? .null
    return numbered.sorted { ($0.number.intValue ?? 0) < ($1.number.intValue ?? 0) }
      .filter { !($0.number.intValue == 0 && $0.token == mask) }.map(\.token)
  }
}
