import KerasCore

/// Which layers are given images: tensors of four axes or more, by the classes of the layers before them.
struct ImageFlow: Sendable {
  /// Paths of the layers whose input has four axes or more.
  private(set) var fed: Set<String> = []

  init(_ model: JSON) { visit(model, path: []) }

  /// Layers whose output has as many axes as their input.
  private static let passing: Set<String> = [
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization", "Concatenate",
    "Dropout", "ELU", "GaussianDropout", "GaussianNoise", "GroupNormalization", "Identity", "LayerNormalization",
    "LeakyReLU", "Maximum", "Minimum", "Multiply", "PReLU", "Permute", "ReLU", "Rescaling", "Softmax",
    "SpatialDropout2D", "SpatialDropout3D", "Subtract", "ThresholdedReLU",
  ]

  /// Layers of images by their names: `Conv2D`, `MaxPooling3D`, `ZeroPadding2D`, but no global pooling.
  static func makesImages(_ className: String) -> Bool {
    guard !className.hasPrefix("Global"), className.contains("2D") || className.contains("3D") else { return false }
    return ["Conv", "Pooling", "UpSampling", "ZeroPadding", "Cropping"].contains { className.contains($0) }
  }

  private mutating func visit(_ model: JSON, path: [String]) {
    let layers = model["config"]?["layers"]?.arrayValue ?? []
    let isSequential = model["class_name"] == "Sequential"
    var images: Set<String> = []
    // A layer may stand before what feeds it: go on until nothing is added.
    var isChanged = true
    while isChanged {
      isChanged = false
      var previous: String?
      for layer in layers {
        let name = MaskFlow.name(of: layer)
        let className = layer["class_name"]?.stringValue ?? ""
        let sources = isSequential ? previous.map { [$0] } ?? [] : MaskFlow.sources(of: layer)
        previous = name
        let isFed = sources.contains { images.contains($0) }
        if isFed { fed.insert((path + [name]).joined(separator: "/")) }
        let isInput = className == "InputLayer" && (layer["config"]?["batch_shape"]?.arrayValue?.count ?? 0) > 3
        if isInput || Self.makesImages(className) || isFed && Self.passing.contains(className) {
          isChanged = images.insert(name).inserted || isChanged
        }
      }
    }
    for layer in layers where layer["config"]?["layers"] != nil {
      visit(layer, path: path + [MaskFlow.name(of: layer)])
    }
  }
}
