import KerasCore
import KerasGraph
import OrderedCollections

/// What IntegerLookup and StringLookup have in common: a vocabulary and how numbers in it are put out.
///
/// Keras 3.15.1, `layers/preprocessing/index_lookup.py`. The vocabulary stands in the config or among the file's assets.
struct LookupFields: Sendable {
  enum Kind: Sendable {
    case integer, string
    /// Tokens of texts: a mask "" and one number for those outside the vocabulary.
    case text
  }

  let kind: Kind
  let maximumTokens: Int?
  let outsideCount: Int
  let maskToken: JSON
  let outsideToken: JSON
  let inverts: Bool
  let encoding: CategoricalEncoding
  let isWeighted: Bool
  let padsToMaximum: Bool
  let vocabulary: [CategoryKey]
  /// The weight of each number put out by `tf_idf`; `nil` if they are a variable.
  let weights: [Double]?
  private let firstIndex: Int
  private let outsideIndex: Int
  private let hashing: CategoryLookup.Outsiders
  private let stated: OrderedDictionary<String, JSON>

  init(_ config: inout ConfigReader, kind: Kind) throws(ModelError) {
    self.kind = kind
    maximumTokens = config.json("max_tokens").isNull ? nil : try config.positiveInt("max_tokens")
    outsideCount = try config.int("num_oov_indices", default: 1)
    guard outsideCount >= 0 else { throw config.wrong("num_oov_indices", "0 or more", JSON(outsideCount)) }
    maskToken = kind == .text ? "" : config.json("mask_token")
    outsideToken = kind == .text ? "[UNK]" : config.json("oov_token")
    inverts = try config.bool("invert", default: false)
    let mode = try config.choice(
      "output_mode", ["int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf"], default: "int")
    isWeighted = mode == "tf_idf" || mode == "tf-idf"
    // Its name before tf.keras 2.6.
    encoding = isWeighted ? .count : CategoricalEncoding(rawValue: mode) ?? .multiHot
    padsToMaximum = try config.bool("pad_to_max_tokens", default: false)
    guard try !config.bool("sparse", default: false) else { throw ModelError(.unsupported("a sparse output")) }
    var stated: OrderedDictionary<String, JSON> = [:]
    for key in ["vocabulary_dtype", "encoding", "oov_method", "salt", "vocabulary", "idf_weights", "vocabulary_size"]
    where config.has(key) {
      stated[key] = config.json(key)
    }
    self.stated = stated

    let isInt = encoding == .int
    outsideIndex = isInt && !maskToken.isNull ? 1 : 0
    firstIndex = outsideIndex + outsideCount
    let listed = try Self.keys(config.json("vocabulary"), kind, config)
    let mask = try Self.key(maskToken, kind, "mask_token", config)
    let outside = try Self.key(outsideToken, kind, "oov_token", config)
    let outsiders = Array(repeating: outside, count: outsideCount)
    let special = ((isInt ? [mask] : []) + outsiders).compactMap { $0 }
    let hasSpecial = special.count == firstIndex && listed.starts(with: special)
    vocabulary = hasSpecial ? Array(listed.dropFirst(firstIndex)) : listed
    weights = try Self.weights(
      config.json("idf_weights"), special: hasSpecial ? 0 : firstIndex, depth: padsToMaximum ? maximumTokens : nil,
      config)
    hashing = try Self.hashing(kind, outsideCount, &config)
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "invert": .bool(inverts), "max_tokens": maximumTokens.map { JSON($0) } ?? .null,
      "num_oov_indices": JSON(outsideCount), "oov_token": outsideToken, "mask_token": maskToken,
      "output_mode": .string(isWeighted ? "tf_idf" : encoding.rawValue), "sparse": false,
      "pad_to_max_tokens": .bool(padsToMaximum),
    ]
    for (key, value) in stated { fields[key] = value }
    return fields
  }

  private var depth: Int { (padsToMaximum ? maximumTokens : nil) ?? (firstIndex + vocabulary.count) }

  func variables() -> [WeightSpec] {
    isWeighted && weights == nil ? [WeightSpec("idf_weights", [depth], trainable: false)] : []
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard !vocabulary.isEmpty else { throw Self.missingVocabulary }
    return try call.unmasked(&context) { x, context throws(ModelError) in
      if inverts { return try inverse(context.cast(x, to: .int32), &context) }
      let isText = context.graph.type(x).dtype == .string
      guard isText == (kind == .string) else {
        throw ModelError(
          .unsupported(isText ? "strings where integers are looked up" : "numbers where strings are looked up"))
      }
      let categories = try context.categories(x)
      let numbers = try context.op(.lookup(try lookup()), categories)
      return try weighted(encoding.encode(numbers, depth: depth, &context), &context)
    }
  }

  /// The tokens of samples of strings, which lie along the last axis.
  func encode(
    _ samples: Value, _ splitting: TextSplitting, length: Int?, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard !vocabulary.isEmpty else { throw Self.missingVocabulary }
    guard context.graph.type(samples).dtype == .string else {
      throw ModelError(.unsupported("numbers where texts are needed"))
    }
    let output: TextEncoding.Output = encoding == .int ? .numbers : encoding == .count ? .counts : .occurrences
    let known = splitting.separation == .none && splitting.widths.isEmpty
    let shape = context.shape(samples)
    // Without a length the batch's longest text decides.
    let size = output == .numbers ? length ?? (known ? shape[shape.rank - 1] : nil) : depth
    let text = TextEncoding(splitting: splitting, lookup: try lookup(), output: output, size: size)
    let numbers = try context.op(.encodeText(text), samples)
    return output == .numbers ? numbers : try weighted(context.cast(numbers, to: .float32), &context)
  }

  private static let missingVocabulary = ModelError(
    .unsupported("a lookup without a vocabulary, in the config or among the file's assets"))

  /// With `tf_idf` the counts by their weights.
  private func weighted(_ counts: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard isWeighted else { return counts }
    guard let weights else { return try context.op(.binary(.multiply), counts, context.weight("idf_weights")) }
    guard weights.count == depth, let data = try? TensorData(shape: [depth], floats: weights.map { Float($0) }) else {
      throw ModelError(
        .invalidField("idf_weights", expected: "a weight for each of \(depth) tokens", found: JSON(weights.count)))
    }
    return try context.op(.binary(.multiply), counts, context.constant(data))
  }

  private func lookup() throws(ModelError) -> CategoryLookup {
    CategoryLookup(
      vocabulary: vocabulary, firstIndex: firstIndex, outsideIndex: outsideIndex, outsideCount: outsideCount,
      outsiders: hashing, mask: try Self.key(maskToken, kind, "mask_token", nil),
      // Encodings drop the mask.
      maskIndex: encoding == .int ? 0 : .max)
  }

  /// The category of each number; of those outside the vocabulary `oov_token`.
  private func inverse(_ numbers: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let outside =
      try Self.key(outsideToken, kind, "oov_token", nil) ?? (kind == .integer ? .integer(-1) : .text("[UNK]"))
    let mask = try Self.key(maskToken, kind, "mask_token", nil) ?? (kind == .integer ? .integer(0) : .text(""))
    let special = (0..<firstIndex).map { $0 < outsideIndex ? mask : outside }
    // One place more, for numbers beyond the vocabulary.
    let tokens = special + vocabulary + [outside]
    let last = tokens.count - 1
    let data = try Self.table(tokens, kind)
    let bound = context.constant(try Self.scalar(Int32(last)))
    let isBelow = try context.op(.compare(.less), numbers, context.constant(try Self.scalar(0)))
    let places = try context.op(.select, isBelow, bound, context.op(.binary(.minimum), numbers, bound))
    return try context.op(.gatherRows, context.constant(data), places)
  }

  private static func table(_ tokens: [CategoryKey], _ kind: Kind) throws(ModelError) -> TensorData {
    var numbers: [Int32] = []
    for case .integer(let number) in tokens {
      guard let token = Int32(exactly: number) else {
        throw ModelError(.unsupported("a lookup that puts out \(number) (invert), which 32 bits do not hold"))
      }
      numbers.append(token)
    }
    do {
      return kind == .integer
        ? try TensorData(shape: [tokens.count], int32s: numbers)
        : try TensorData(shape: [tokens.count], strings: tokens.map(\.text))
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }

  private static func scalar(_ value: Int32) throws(ModelError) -> TensorData {
    do {
      return try TensorData(shape: [], int32s: [value])
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }

  // MARK: Reading

  private static func keys(_ json: JSON, _ kind: Kind, _ config: ConfigReader) throws(ModelError) -> [CategoryKey] {
    if json.isNull { return [] }
    if json.stringValue != nil {
      throw ModelError(.unsupported("a vocabulary in a file outside the model, which is not read for safety"))
    }
    guard let list = (json["config"]?["value"] ?? json).arrayValue else {
      throw config.wrong("vocabulary", "a list", json)
    }
    var keys: [CategoryKey] = []
    for element in list {
      guard let key = try key(element, kind, "vocabulary", config) else {
        throw config.wrong("vocabulary", "tokens that are not null", json)
      }
      keys.append(key)
    }
    return keys
  }

  private static func key(
    _ json: JSON, _ kind: Kind, _ field: String, _ config: ConfigReader?
  ) throws(ModelError) -> CategoryKey? {
    if json.isNull { return nil }
    switch kind {
    case .integer: if let number = json.intValue { return .integer(Int64(number)) }
    case .string, .text: if let text = json.stringValue { return .text(text) }
    }
    throw ModelError(
      .invalidField(field, expected: kind == .integer ? "integers" : "strings", found: json))
  }

  /// Numbers in front that the file gives no weights have the others' mean.
  private static func weights(
    _ json: JSON, special: Int, depth: Int?, _ config: ConfigReader
  ) throws(ModelError) -> [Double]? {
    if json.isNull { return nil }
    let list = (json["config"]?["value"] ?? json).arrayValue
    guard let numbers = list?.compactMap(\.doubleValue), numbers.count == list?.count, !numbers.isEmpty else {
      throw config.wrong("idf_weights", "a list of numbers", json)
    }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let all = Array(repeating: mean, count: special) + numbers
    return all + Array(repeating: 0, count: max((depth ?? 0) - all.count, 0))
  }

  private static func hashing(
    _ kind: Kind, _ count: Int, _ config: inout ConfigReader
  ) throws(ModelError) -> CategoryLookup.Outsiders {
    let method = try config.choice("oov_method", ["floormod", "farmhash"], default: "floormod")
    let key = try config.hashKey()
    if kind == .integer, method == "floormod" { return .remainder }
    return .hash(CategoryHash(binCount: max(count, 1), key: key))
  }
}

extension ConfigReader {
  /// SipHash's key: `salt` is a number that stands for both halves, or two numbers.
  mutating func hashKey() throws(ModelError) -> [UInt64]? {
    let salt = json("salt")
    if salt.isNull { return nil }
    let numbers = salt.arrayValue?.compactMap(\.intValue) ?? [salt.intValue, salt.intValue].compactMap { $0 }
    guard numbers.count == 2 else { throw wrong("salt", "an integer or two", salt) }
    return numbers.map { UInt64(bitPattern: Int64($0)) }
  }
}

extension LoweringContext {
  /// What a lookup or a hash reads: strings, integers, or floats whose whole part may be beyond 32 bits.
  mutating func categories(_ x: Value) throws(ModelError) -> Value {
    graph.type(x).dtype == .bool ? try cast(x, to: .int32) : x
  }
}
