import KerasCore

/// Where masks go in a model, by the classes of its layers; enough to tell which words about masks concern it.
///
/// Wrappers count as the layer they hold where that decides; a nested model is taken to hand no mask on.
struct MaskFlow: Sendable {
  /// Paths of the layers that are given a mask.
  private(set) var masked: Set<String> = []
  /// Paths of the layers at which a mask ends though nothing used it.
  private(set) var dropped: [String] = []

  init(_ model: JSON) { visit(model, path: []) }

  /// Layers that hand on what mask they are given.
  private static let passing: Set<String> = [
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization", "Concatenate",
    "Dense", "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "Identity", "LayerNormalization", "LeakyReLU",
    "Masking", "Maximum", "Minimum", "Multiply", "PReLU", "ReLU", "Rescaling", "Softmax", "SpatialDropout1D",
    "Subtract", "TimeDistributed", "UnitNormalization", "MultiHeadAttention", "Attention", "AdditiveAttention",
    "StackedRNNCells", "Lambda", "InputLayer", "Permute",
  ]
  private static let recurrent: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "SimpleDeepRNN",
    "JZS1", "JZS2", "JZS3",
  ]
  /// Layers that use a mask and have none for their output.
  private static let using: Set<String> = ["GlobalAveragePooling1D", "Dot", "Functional", "Sequential"]

  private mutating func visit(_ model: JSON, path: [String]) {
    let layers = model["config"]?["layers"]?.arrayValue ?? []
    let isSequential = model["class_name"] == "Sequential"
    var carries: Set<String> = []
    var previous: String?
    // A layer may stand before what feeds it: go on until nothing is added.
    var isChanged = true
    while isChanged {
      isChanged = false
      previous = nil
      for layer in layers {
        let name = Self.name(of: layer)
        let sources = isSequential ? previous.map { [$0] } ?? [] : Self.sources(of: layer)
        previous = name
        let isMasked = sources.contains { carries.contains($0) }
        if isMasked { masked.insert((path + [name]).joined(separator: "/")) }
        if Self.makesMask(layer) || isMasked && Self.passes(layer) {
          isChanged = carries.insert(name).inserted || isChanged
        }
      }
    }
    for layer in layers {
      let full = path + [Self.name(of: layer)]
      let className = layer["class_name"]?.stringValue ?? ""
      if masked.contains(full.joined(separator: "/")), !Self.passes(layer), !Self.recurrent.contains(className),
        !Self.using.contains(className)
      {
        dropped.append(full.joined(separator: "/"))
      }
      if layer["config"]?["layers"] != nil { visit(layer, path: full) }
    }
  }

  static func name(of layer: JSON) -> String {
    layer["name"]?.stringValue ?? layer["config"]?["name"]?.stringValue ?? ""
  }

  private static func makesMask(_ layer: JSON) -> Bool {
    layer["class_name"] == "Masking" || layer["class_name"] == "Embedding" && layer["config"]?["mask_zero"] == true
  }

  private static func passes(_ layer: JSON) -> Bool {
    let className = layer["class_name"]?.stringValue ?? ""
    if recurrent.contains(className) {
      let config = layer["config"]?["layer"]?["config"] ?? layer["config"]
      return config?["return_sequences"] == true
    }
    return passing.contains(className)
  }

  /// The names of the layers whose outputs a layer is called on.
  static func sources(of layer: JSON) -> [String] {
    var names: [String] = []
    layer["inbound_nodes"]?.visitObjects { members, _ in
      if let name = members["keras_history"]?[0]?.stringValue { names.append(name) }
    }
    return names
  }
}
