import KerasCore
import KerasGraph
import OrderedCollections

/// The numbers of a text's tokens in a vocabulary, or how often each token occurs.
///
/// Keras 3.15.1, `layers/preprocessing/text_vectorization.py`; texts are `(batch)` or `(batch, 1)`, and `(batch, tokens)`
/// if they are not split. Without `output_sequence_length` the numbers of a batch are as many as its longest text's.
public struct TextVectorization: Layer {
  public static let className = "TextVectorization"

  let splitting: TextSplitting
  let sequenceLength: Int?
  private let lookup: LookupFields
  private let stated: OrderedDictionary<String, JSON>

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let standardize = config.json("standardize")
    let known = ["lower_and_strip_punctuation", "lower", "strip_punctuation"]
    guard standardize.isNull || standardize.stringValue.map({ known.contains($0) }) == true else {
      throw ModelError(.unsupported("a function of its own for 'standardize': code from a file is never run"))
    }
    let split = config.json("split")
    guard split.isNull || split == "whitespace" || split == "character" else {
      throw ModelError(.unsupported("a function of its own for 'split': code from a file is never run"))
    }
    let ngrams = config.json("ngrams")
    var widths = ngrams.arrayValue?.compactMap(\.intValue) ?? []
    if let width = ngrams.intValue { widths = width > 0 && width < 1 << 10 ? Array(1...width) : [] }
    guard ngrams.isNull || (!widths.isEmpty && widths.allSatisfy { $0 > 0 }) else {
      throw config.wrong("ngrams", "a positive integer or a list of them", ngrams)
    }
    splitting = TextSplitting(
      lowers: standardize.stringValue?.hasPrefix("lower") == true,
      stripsPunctuation: standardize.stringValue?.hasSuffix("strip_punctuation") == true,
      separation: split == "whitespace" ? .whitespace : split == "character" ? .character : .none, widths: widths)
    sequenceLength =
      config.json("output_sequence_length").isNull ? nil : try config.positiveInt("output_sequence_length")
    guard try !config.bool("ragged", default: false) else { throw ModelError(.unsupported("a ragged output")) }
    stated = ["standardize": standardize, "split": split, "ngrams": ngrams, "ragged": false]
    lookup = try LookupFields(&config, kind: .text)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields = stated
    fields["output_sequence_length"] = sequenceLength.map { JSON($0) } ?? .null
    for (key, value) in lookup.config
    where !["invert", "num_oov_indices", "oov_token", "mask_token", "vocabulary_dtype"].contains(key) {
      fields[key] = value
    }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { lookup.variables() }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      var samples = x
      if splitting.separation != .none {
        let shape = context.shape(x)
        if shape.rank > 1, shape[shape.rank - 1] != 1 {
          throw ModelError(.inputShape(expected: "one text per sample", found: shape))
        }
        if shape.rank == 1 { samples = try context.expanded(x, axis: 1) }
      }
      return try lookup.encode(samples, splitting, length: sequenceLength, &context)
    }
  }
}
