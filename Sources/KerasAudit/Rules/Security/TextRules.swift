import KerasCore
import OrderedCollections

/// JSON nested deeper than any model.
struct DeepJSON: FileRule {
  let id = "sec-json-depth"
  let title = "JSON nested beyond measure"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases"
  let explanation = """
    A text of brackets within brackets takes a recursive parser or a recursive walk over its values to the end of the stack.
    Python's own parser raises RecursionError at about a thousand levels; a C or Swift program may die. Models nest a few dozen.
    KerasKit reads 512 levels.
    """
  let fix = "Do not load it: no model is nested like this."
  /// The parser's own limit.
  static let limit = 512

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.compactMap { part in
      guard case .json(let text) = part.content, text.depth > Self.limit else { return nil }
      return finding(file, part.container, "Its values are nested \(text.depth) levels deep.")
    }
  }
}

/// JSON objects in which a key comes twice.
struct RepeatedKeys: FileRule {
  let id = "sec-json-duplicate"
  let title = "JSON keys that come twice"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases"
  let explanation = """
    An object of JSON may hold a key twice. Python keeps the last, other readers the first, so that a scanner can be shown
    another model than the one that Keras loads. Python's json never writes a key twice; KerasKit reads it as Python does.
    """
  let fix = "Find out who wrote the file by hand, and which of the two was meant."

  func check(_ file: AuditedFile) -> [Finding] {
    file.parts.compactMap { part in
      guard case .json(let text) = part.content, !text.repeatedKeys.isEmpty else { return nil }
      return finding(
        file, part.container, "Keys come twice in an object: \(some(text.repeatedKeys.map { String($0.prefix(60)) })).",
        now: "Keras takes the last of them.")
    }
  }
}

/// Numbers in a config that make a layer larger than a machine.
struct HugeSizes: SavedTextRule {
  let id = "sec-json-size"
  let title = "Sizes that no machine holds"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "all releases"
  let explanation = """
    A single number makes a config of a kilobyte allocate a terabyte: units, filters, a vocabulary's size, an axis of a shape.
    Keras makes the weights while it builds the model, before it looks at what is stored of them. The bound here is 2^31 - 1 for
    a size, and 2^36 elements for an embedding's table: 256 GiB of float32.
    """
  let fix = "Do not load it: the file cannot hold the weights of such a layer."

  private static let sizes: Set<String> = [
    "units", "filters", "input_dim", "output_dim", "nb_filter", "nb_row", "nb_col", "filter_length", "kernel_size", "n",
    "size", "depth_multiplier", "num_heads", "key_dim", "value_dim", "head_dim", "max_tokens", "num_bins", "num_tokens",
    "output_sequence_length", "sequence_length", "input_length", "batch_input_shape", "batch_shape", "input_shape",
    "shape",
    "target_shape", "dims", "padding", "cropping", "pool_size", "height", "width", "vocabulary_size", "num_oov_indices",
    "nb_feature", "maxout_k", "groups", "num_embeddings", "rank", "lora_rank", "output_shape", "target_size",
  ]
  private static let largest = Int64(Int32.max)
  private static let largestTable = Double(1 << 36)

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitTexts { object in
      var found: [String] = []
      for (key, value) in object.members where Self.sizes.contains(key) {
        if Self.isHuge(value, depth: 0) { found.append("\(key) = \(value.text().prefix(60))") }
      }
      if let rows = object.members["input_dim"]?.doubleValue, let columns = object.members["output_dim"]?.doubleValue,
        rows * columns > Self.largestTable, found.isEmpty
      {
        found.append("input_dim × output_dim = \(rows * columns)")
      }
      guard !found.isEmpty else { return }
      findings.append(
        Finding(
          rule: id, severity: severity, layer: subject.layer(of: object), location: object.location,
          summary: "Sizes beyond every model's: \(some(found)).",
          meansNow: "Keras allocates the weights while it builds the model.", advice: fix))
    }
    return findings
  }

  private static func isHuge(_ value: JSON, depth: Int) -> Bool {
    switch value {
    case .integer(let number): number > largest || number < -largest
    case .number(let number): number.magnitude > Double(largest) && number.isFinite
    case .array(let elements): depth < 3 && elements.contains { isHuge($0, depth: depth + 1) }
    default: false
    }
  }
}

/// Shards that an index names outside of its folder.
struct ShardPath: FileRule {
  let id = "sec-shard-path"
  let title = "Shards of weights that lie elsewhere"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "Keras 3.10 and later, which write sharded weights"
  let explanation = """
    The index of sharded weights (NAME.weights.json) names the files that hold them. A name with a folder in it, ../ or a
    leading / has the loader read another file than one of the model's. Keras writes plain names; KerasKit reads no other.
    """
  let fix = "Put all shards beside the index and name them plainly."

  func check(_ file: AuditedFile) -> [Finding] {
    file.documents.compactMap { document in
      guard case .object(let map)? = document.json["weight_map"] else { return nil }
      var names: [String] = []
      for name in map.values.flatMap({ $0.arrayValue ?? [$0] }).compactMap(\.stringValue) where !Self.isPlain(name) {
        if !names.contains(name) { names.append(name) }
        if names.count > 100 { break }
      }
      guard !names.isEmpty else { return nil }
      return finding(
        file, document.container, "Shards are not beside their index: \(some(names.map { "'\($0.prefix(100))'" })).")
    }
  }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.contains { "/\\:\0".contains($0) }
  }
}
