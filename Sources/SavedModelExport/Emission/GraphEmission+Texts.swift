import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// Tokens of several samples in a row, and where each sample's begin: int64, one more than there are samples.
  private typealias Tokens = (values: Tensor, splits: Tensor)

  /// The numbers of texts' tokens, by the operations that Keras' TextVectorization calls.
  func emitTextEncoding(_ encoding: TextEncoding, _ operand: Value, _ result: Value) throws {
    let splitting = encoding.splitting
    var texts = try tensor(operand)
    if splitting.lowers { texts = node("StringLower", [texts], as: .string) }
    if splitting.stripsPunctuation {
      texts = node(
        "StaticRegexReplace", [texts],
        ["pattern": .string(##"[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"##), "rewrite": .string("")], as: .string)
    }
    var tokens = try self.tokens(of: texts, operand, splitting.separation)
    if !splitting.widths.isEmpty {
      let name = function.add(
        "StringNGrams", [tokens.values.name, tokens.splits.name],
        [
          "separator": .string(" "), "ngram_widths": .ints(splitting.widths), "left_pad": .string(""),
          "right_pad": .string(""), "pad_width": .int(0), "preserve_short_sequences": .bool(false),
          "Tsplits": .type(.int64),
        ])
      tokens = (Tensor(name: "\(name):ngrams:0", type: .string), Tensor(name: "\(name):ngrams_splits:0", type: .int64))
    }
    let numbers = try self.numbers(of: tokens.values, encoding.lookup)
    let rows: Tensor
    if encoding.output == .numbers {
      let shape = function.constant(SMTensor(int64s: [-1, Int64(encoding.size ?? -1)], shape: [2]))
      rows = node(
        "RaggedTensorToTensor", [shape, numbers, int(0), tokens.splits],
        [
          "T": .type(.int32), "Tindex": .type(.int64), "Tshape": .type(.int64), "num_row_partition_tensors": .int(1),
          "row_partition_types": .texts(["ROW_SPLITS"]),
        ], as: .int32)
    } else {
      guard let size = encoding.size else {
        throw refused("counts of tokens", "how many numbers there are is not known")
      }
      // No weights: every token counts once.
      let weights = function.constant(SMTensor(int32s: [], shape: [0]))
      rows = node(
        "RaggedBincount", [tokens.splits, numbers, int(size), weights],
        ["T": .type(.int32), "Tidx": .type(.int32), "binary_output": .bool(encoding.output == .occurrences)], as: .int32
      )
    }
    let sizes: [Size] = (0..<rank(operand) - 1).map { axis in
      graph.shape(operand)[axis].map { .known($0) } ?? .axis(operand, axis)
    }
    define(result, node("Reshape", [rows, try joined(sizes + [.known(encoding.size ?? -1)])]))
  }

  private func tokens(
    of texts: Tensor, _ operand: Value, _ separation: TextSplitting.Separation
  ) throws -> Tokens {
    let count = graph.shape(operand)[rank(operand) - 1]
    if separation == .none {
      // As many tokens in each sample as it has texts.
      let flat = reshaped(texts, [-1])
      let size = cast(try size(operand, axis: rank(operand) - 1), to: .int64)
      let total = cast(node("Size", [texts], as: .int32), to: .int64)
      let end = node("AddV2", [total, number(1, .int64)])
      return (flat, node("Range", [number(0, .int64), end, size], ["Tidx": .type(.int64)], as: .int64))
    }
    guard count == 1 else { throw refused("splitting several texts of a sample", "each has to be a sample of its own") }
    let flat = reshaped(texts, [-1])
    if separation == .character {
      let name = function.add(
        "UnicodeDecode", [flat.name], ["input_encoding": .string("UTF-8"), "Tsplits": .type(.int64)])
      let codes = Tensor(name: "\(name):char_values:0", type: .int32)
      let amount = cast(node("AddV2", [node("Size", [codes], as: .int32), int(1)]), to: .int64)
      let each = node(
        "Range", [number(0, .int64), amount, number(1, .int64)], ["Tidx": .type(.int64)], as: .int64)
      let letters = function.node(
        "UnicodeEncode", [codes, each], ["output_encoding": .string("UTF-8"), "Tsplits": .type(.int64)], as: .string)
      return (letters, Tensor(name: "\(name):row_splits:0", type: .int64))
    }
    let name = function.add("StringSplitV2", [flat.name, text("").name], [:])
    let places = Tensor(name: "\(name):indices:0", type: .int64)
    let rows = node(
      "StridedSlice", [places, ints([0, 0]), ints([0, 1]), ints([1, 1])],
      ["Index": .type(.int32), "begin_mask": .int(1), "end_mask": .int(1), "shrink_axis_mask": .int(2)])
    // How many tokens each sample has, and their running sum behind a 0.
    let samples = node("Size", [flat], as: .int32)
    let counts = node(
      "DenseBincount", [cast(rows, to: .int32), samples, function.constant(SMTensor(int64s: [], shape: [0]))],
      ["Tidx": .type(.int32), "T": .type(.int64)], as: .int64)
    let sums = node("Cumsum", [counts, int(0)])
    let zero = function.constant(SMTensor(int64s: [0], shape: [1]))
    return (Tensor(name: "\(name):values:0", type: .string), concatenated([zero, sums], axis: 0))
  }
}
