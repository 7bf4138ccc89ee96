import KerasCore
import KerasModel

/// `hard_sigmoid` meant clip(0.2x + 0.5, 0, 1) before Keras 3 and means clip(x/6 + 0.5, 0, 1) since.
///
/// 0.2x is (1.2x)/6, so each is the other's on inputs multiplied by 1.2 or 1/1.2. The gates of a recurrent layer are linear in its weights, so their columns are multiplied by 1.2; after
/// other layers the factor is a Rescaling layer before the activation, and no weight changes.
enum HardSigmoid: LayerRewrite {
  /// The function that the target lacks, the one it has, and what inputs are multiplied by between them.
  struct Pair: Sendable {
    var foreign: JSON
    var native: JSON
    var factor: Double
    /// The target's lack in words.
    var name: String

    /// The factor as a reader knows it.
    var words: String { factor > 1 ? "1.2" : "1/1.2" }

    static let keras3 = Pair(
      foreign: "keraskit>hard_sigmoid", native: "hard_sigmoid", factor: 1.2, name: "the old hard_sigmoid")
    static let keras2 = Pair(
      foreign: "hard_sigmoid", native: "keraskit>hard_sigmoid", factor: 1 / 1.2, name: "Keras 3's hard_sigmoid")
  }

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    let pair = context.target.hardSigmoid
    if let blocks = gateBlocks[layer.className] {
      try rewriteGates(&chain.layer, blocks, &context)
    } else if layer.fields["activation"] == pair.foreign {
      if layer.className == "Activation" {
        chain.layer.fields["activation"] = pair.native
        chain.before.append(rescaling(layer.name, pair))
        context.note(
          .rewritten,
          "\(pair.name) is a Rescaling by \(pair.words) before \(context.target.name)'s hard_sigmoid")
      } else {
        chain.layer.fields["activation"] = "linear"
        var activation = LayerConfig(
          "Activation", name: layer.name + "_hard_sigmoid",
          fields: ["trainable": true, "dtype": layer.fields["dtype"] ?? "float32", "activation": pair.native])
        activation.fields["name"] = .string(activation.name)
        var after = [rescaling(layer.name, pair), activation]
        // The penalty is on what comes out of the activation.
        if let regularizer = layer.fields["activity_regularizer"], !regularizer.isNull {
          chain.layer.fields["activity_regularizer"] = .null
          let (l1, l2) = try Penalty.factors(regularizer, context)
          after.append(Penalty.layer(layer.name + "_activity", l1: l1, l2: l2))
        }
        chain.after = after + chain.after
        context.note(
          .rewritten,
          "\(pair.name) is a Rescaling by \(pair.words) and \(context.target.name)'s hard_sigmoid after the layer")
      }
    }
  }

  private static func rescaling(_ name: String, _ pair: Pair) -> LayerConfig {
    LayerConfig(
      "Rescaling", name: name + "_rescaling",
      fields: ["trainable": true, "dtype": "float32", "scale": .number(pair.factor), "offset": 0.0])
  }

  // MARK: Gates

  /// Column blocks of the kernels, and which of them the recurrent activation and the activation apply to.
  private struct Blocks {
    var count: Int
    var recurrent: [Int]
    var candidate: [Int]
    /// Whether the activation also applies to something that is not linear in the weights.
    var activatesState = false
  }

  private static let gateBlocks: [String: Blocks] = {
    let lstm = Blocks(count: 4, recurrent: [0, 1, 3], candidate: [2], activatesState: true)
    let gru = Blocks(count: 3, recurrent: [0, 1], candidate: [2])
    let simple = Blocks(count: 1, recurrent: [], candidate: [0])
    return [
      "LSTM": lstm, "LSTMCell": lstm, "ConvLSTM1D": lstm, "ConvLSTM2D": lstm, "ConvLSTM3D": lstm, "GRU": gru,
      "GRUCell": gru, "SimpleRNN": simple, "SimpleRNNCell": simple,
    ]
  }()

  private static func rewriteGates(
    _ layer: inout LayerConfig, _ blocks: Blocks, _ context: inout RewriteContext
  ) throws(ExportError) {
    var scaled: [Int] = []
    let pair = context.target.hardSigmoid
    if layer.fields["recurrent_activation"] == pair.foreign {
      layer.fields["recurrent_activation"] = pair.native
      scaled += blocks.recurrent
    }
    if layer.fields["activation"] == pair.foreign {
      guard !blocks.activatesState else {
        throw context.refusal(
          "\(pair.name) as the activation of \(layer.className)",
          "it applies to the cell state, which no weight can scale")
      }
      layer.fields["activation"] = pair.native
      scaled += blocks.candidate
    }
    guard !scaled.isEmpty else { return }
    let holder = layer.className.hasSuffix("Cell") ? "" : "cell/"
    for role in ["kernel", "recurrent_kernel", "bias"] {
      let name = context.prefix + holder + role
      guard let weight = context.weights[name] else { continue }
      context.weights[name] = try multiplied(weight, columns: scaled, of: blocks.count, name: name, context)
    }
    context.note(
      .rewritten,
      "\(pair.name) is \(context.target.name)'s with the gates' weights multiplied by \(pair.words): "
        + "the same function to rounding")
    let touched = ["kernel", "recurrent", "bias"].filter { role in
      ["_regularizer", "_constraint"].contains { !layer.fields[role + $0, default: .null].isNull }
    }
    if !touched.isEmpty {
      context.note(
        .warning,
        "the \(touched.joined(separator: ", ")) regularizers or constraints now see gate weights that are \(pair.words) times as large"
      )
    }
  }

  /// The array with some of `count` equal blocks of its last axis multiplied.
  private static func multiplied(
    _ weight: TensorData, columns: [Int], of count: Int, name: String, _ context: RewriteContext
  ) throws(ExportError) -> TensorData {
    guard let width = weight.shape.last, width > 0, width % count == 0, let doubles = try? weight.doubles()
    else {
      throw ExportError(.malformed("the weight \(name) has the shape \(Shape(weight.shape))"), layer: context.path)
    }
    let block = width / count
    var values = doubles
    let factor = context.target.hardSigmoid.factor
    for index in values.indices where columns.contains(index % width / block) { values[index] *= factor }
    do {
      return try TensorData(shape: weight.shape, doubles: values).converted(to: weight.dtype)
    } catch {
      throw ExportError(.malformed("the weight \(name): \(error)"), layer: context.path)
    }
  }
}
