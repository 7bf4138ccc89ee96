import KerasCore

/// What a layer's `dtype` says: the format it computes in, and how its variables are quantized.
///
/// Canonical configs hold a policy's name (`mixed_bfloat16`), or the object Keras 3 writes for a quantized layer or for
/// layers inside a layer (`DTypePolicyMap`). Keras 3.15.1, `dtype_policies/dtype_policy.py`.
struct DTypePolicy: Sendable, Hashable {
  /// `nil` for float32, in which wider types are computed too.
  var format: FloatFormat?
  /// `int8`, `int4` (before Keras 3.14), `int4/128`, `float8`, `gptq/4/128` or `awq/4/-1`.
  var quantization: String?
  /// How many of the largest magnitudes a float8 layer remembers.
  var historyLength = 1024

  static let float32 = DTypePolicy()

  private init() {}

  /// The classes whose objects say more than a name.
  static let structuredClasses: Set<String> = [
    "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy", "Int4DTypePolicy", "GPTQDTypePolicy", "AWQDTypePolicy",
    "DTypePolicyMap",
  ]

  /// The policy of the layer at `path`, whose end are the names of the layer and of the one that holds it.
  ///
  /// Throws `.invalidField` for a policy without a mode and `.unsupported` for a map whose keys are patterns.
  init(_ json: JSON, path: String) throws(ModelError) {
    if json["class_name"] == "DTypePolicyMap" {
      self = try Self.mapped(json["config"] ?? .null, path: path)
      // Keras asks the map, which has none.
      historyLength = Self.float32.historyLength
      return
    }
    let config = json["config"]
    if let mode = config?["mode"]?.stringValue {
      quantization = mode
      format = Self.format(config?["source_name"]?.stringValue ?? "float32")
      historyLength = config?["amax_history_length"]?.intValue ?? historyLength
      guard (1...1_000_000).contains(historyLength) else {
        throw ModelError(.invalidField("amax_history_length", expected: "a positive integer", found: json))
      }
      return
    }
    let name = json.stringValue ?? config?["name"]?.stringValue ?? "float32"
    if let mark = name.firstRange(of: "_from_") {
      quantization = String(name[..<mark.lowerBound])
      format = Self.format(String(name[mark.upperBound...]))
    } else {
      format = Self.format(name)
    }
  }

  private static func format(_ name: String) -> FloatFormat? {
    FloatFormat(rawValue: name.hasPrefix("mixed_") ? String(name.dropFirst(6)) : name)
  }

  /// A map states layers by path, else by a pattern; of patterns only `name/.*` is read.
  private static func mapped(_ map: JSON, path: String) throws(ModelError) -> DTypePolicy {
    func matches(_ key: Substring) -> Bool { path == key || path.hasSuffix("/" + key) || key.hasSuffix("/" + path) }
    let policies = map["policy_map"]?.objectValue ?? [:]
    for (key, policy) in policies where matches(key[...]) { return try DTypePolicy(policy, path: path) }
    for (key, policy) in policies where !key.allSatisfy({ $0.isLetter || $0.isNumber || "_-/".contains($0) }) {
      guard key.hasSuffix("/.*"), key.dropLast(3).allSatisfy({ $0.isLetter || $0.isNumber || "_-/".contains($0) })
      else { throw ModelError(.unsupported("a DTypePolicyMap with the pattern '\(key)'")) }
      var owner = path[...]
      while let slash = owner.lastIndex(of: "/") {
        owner = owner[..<slash]
        if owner == key.dropLast(3) { return try DTypePolicy(policy, path: path) }
      }
    }
    return try map["default_policy"].map { policy throws(ModelError) in try DTypePolicy(policy, path: path) }
      ?? .float32
  }
}

extension ConfigReader {
  /// The policy of the layer itself, or of the layer `name` inside it.
  mutating func policy(of inner: String? = nil) throws(ModelError) -> DTypePolicy {
    try DTypePolicy(json("dtype"), path: inner.map { "\(name)/\($0)" } ?? name)
  }
}
