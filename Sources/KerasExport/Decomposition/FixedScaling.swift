import KerasCore
import KerasGraph
import KerasModel

/// scale · x + offset with constants, as a depthwise convolution of one pixel or a Dense layer that training leaves alone: what
/// computes the same in training and without, whatever the release (a BatchNormalization of TensorFlow.js takes the batch's
/// own statistics in training even if it is frozen).
struct FixedScaling {
  /// In order, each taking the one before.
  private(set) var layers: [LayerConfig] = []
  /// The weights of `holder`, by role.
  private(set) var weights: [String: TensorData] = [:]
  let holder: String

  /// Dense layers with a diagonal of more would be large.
  private static let widest = 1024
  /// Up to which a diagonal is simpler than to reshape twice.
  private static let narrow = 16

  /// `array` is the shape of the constants, broadcast to the last axes of `shape`; one number stands for all.
  ///
  /// `nil` where too many sizes are unknown, or the constants have more than the tensor.
  init?(
    name: String, shape: Shape, array: [Int], scale: [Double], offset: [Double], dtype: JSON = "float32"
  ) {
    holder = name
    let constants = Array(array.drop { $0 == 1 })
    let sizes = Array(shape.dimensions.dropFirst())
    let count = constants.count
    guard !sizes.isEmpty, count <= sizes.count else { return nil }
    func reshape(_ suffix: String, _ target: [Int]) -> LayerConfig {
      LayerConfig(
        "Reshape", name: name + suffix, fields: ["trainable": true, "dtype": dtype, "target_shape": JSON(target)])
    }
    let unknown = sizes.filter { $0 == nil }.count
    let original = sizes.map { $0 ?? -1 }
    if constants.isEmpty {
      let channels = sizes[sizes.count - 1]
      let number = [Double](repeating: scale[0], count: channels ?? 1)
      let moved = offset.first.map { [Double](repeating: $0, count: channels ?? 1) } ?? []
      if sizes.count == 3, channels != nil {
        addDepthwise(number, moved, dtype)
      } else if let channels, channels <= Self.narrow || unknown > 1 && channels <= Self.widest {
        addDense(number, moved, dtype)
      } else if unknown <= 1 {
        let length = unknown == 0 ? original.reduce(1, *) : -1
        layers.append(reshape("_numbers", [length, 1]))
        addDense([scale[0]], offset.first.map { [$0] } ?? [], dtype)
        layers.append(reshape("_back", original))
      } else {
        return nil
      }
      return
    }
    guard let last = Shape(Array(sizes.suffix(count))).concrete,
      zip(constants, last).allSatisfy({ $0 == 1 || $0 == $1 }), unknown <= 1 || count == 1 && sizes.count == 3
    else {
      return nil
    }
    let total = last.reduce(1, *)
    let (scales, offsets) = (Self.spread(scale, constants, last), Self.spread(offset, constants, last))
    if count == 1, sizes.count == 3 {
      addDepthwise(scales, offsets, dtype)
      return
    }
    let rows = unknown == 0 ? original.reduce(1, *) / max(total, 1) : -1
    layers.append(reshape("_pixels", [rows, 1, total]))
    addDepthwise(scales, offsets, dtype)
    layers.append(reshape("_back", original))
  }

  /// Numbers of shape `array`, repeated along its axes of one to those of `target`.
  private static func spread(_ values: [Double], _ array: [Int], _ target: [Int]) -> [Double] {
    guard !values.isEmpty else { return [] }
    let total = target.reduce(1, *)
    guard values.count > 1 else { return [Double](repeating: values[0], count: total) }
    return (0..<total).map { index in
      var (rest, place, step) = (index, 0, 1)
      for axis in array.indices.reversed() {
        if array[axis] > 1 { place += rest % target[axis] * step }
        rest /= target[axis]
        step *= array[axis]
      }
      return values[place]
    }
  }

  private mutating func addDepthwise(_ scale: [Double], _ offset: [Double], _ dtype: JSON) {
    store("kernel", [1, 1, scale.count, 1], scale)
    if !offset.isEmpty { store("bias", [scale.count], offset) }
    layers.append(
      LayerConfig(
        "DepthwiseConv2D", name: holder,
        fields: [
          "trainable": false, "dtype": dtype, "kernel_size": [1, 1], "strides": [1, 1], "padding": "valid",
          "depth_multiplier": 1, "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear",
          "use_bias": .bool(!offset.isEmpty),
        ]))
  }

  private mutating func addDense(_ scale: [Double], _ offset: [Double], _ dtype: JSON) {
    let count = scale.count
    var diagonal = [Double](repeating: 0, count: count * count)
    for (index, number) in scale.enumerated() { diagonal[index * (count + 1)] = number }
    store("kernel", [count, count], diagonal)
    if !offset.isEmpty { store("bias", [count], offset) }
    layers.append(
      LayerConfig(
        "Dense", name: holder,
        fields: [
          "trainable": false, "dtype": dtype, "units": JSON(count), "activation": "linear",
          "use_bias": .bool(!offset.isEmpty),
        ]))
  }

  private mutating func store(_ role: String, _ shape: [Int], _ values: [Double]) {
    weights[role] = try? TensorData(shape: shape, floats: values.map { Float($0) })
  }

  /// The numbers of a constant in a config, `nil` where it is something else.
  static func array(_ json: JSON) -> TensorData? {
    let nested: JSON
    if json["class_name"] == "__numpy__", let value = json["config"]?["value"] {
      nested = value
    } else if json.arrayValue != nil {
      nested = json
    } else {
      return nil
    }
    var shape: [Int] = []
    var level = nested
    while let elements = level.arrayValue {
      guard let first = elements.first else { return nil }
      shape.append(elements.count)
      level = first
    }
    var numbers: [Float] = []
    func collect(_ json: JSON, _ depth: Int) -> Bool {
      if depth == shape.count {
        guard let number = json.doubleValue ?? json.boolValue.map({ $0 ? 1 : 0 }) else { return false }
        numbers.append(Float(number))
        return true
      }
      guard let elements = json.arrayValue, elements.count == shape[depth] else { return false }
      return elements.allSatisfy { collect($0, depth + 1) }
    }
    guard collect(nested, 0) else { return nil }
    return try? TensorData(shape: shape, floats: numbers)
  }
}

/// Rescaling, which releases of TensorFlow.js before 4 do not have.
extension FixedScaling {
  /// Says every Rescaling of a rewritten model in layers that all releases have, where the sizes are known.
  static func replaceRescalings(in model: inout ModelConfig, _ context: inout RewriteContext) throws(ExportError) {
    guard holdsRescaling(model) else { return }
    let facts: LayerFacts
    do {
      facts = try LayerFacts(Network(canonical: model.json))
    } catch {
      throw ExportError(of: error)
    }
    replace(in: &model, "", facts, &context)
  }

  private static func replace(
    in model: inout ModelConfig, _ folder: String, _ facts: LayerFacts, _ context: inout RewriteContext
  ) {
    var index = 0
    while index < model.layers.count {
      let layer = model.layers[index]
      defer { index += 1 }
      if var nested = layer.model {
        replace(in: &nested, folder + layer.name + "/", facts, &context)
        model.layers[index].model = nested
        continue
      }
      let path = folder + layer.name
      guard layer.className == "Rescaling", !facts.masked.contains(path), takesFloats(index, of: model, folder, facts),
        let shape = facts.inputShapes[path]?.first, model.isSequential || layer.nodes.count == 1,
        let scale = numbers(layer.fields["scale"] ?? 1.0), let offset = numbers(layer.fields["offset"] ?? 0.0),
        let chain = FixedScaling(
          name: layer.name, shape: shape, array: scale.shape.count >= offset.shape.count ? scale.shape : offset.shape,
          scale: scale.values, offset: offset.values == [0] ? [] : offset.values,
          dtype: layer.fields["dtype"] ?? "float32"),
        let place = chain.layers.firstIndex(where: { $0.name == layer.name })
      else { continue }
      var made = chain.layers[place]
      made.nodes = layer.nodes
      model.layers[index] = made
      model.surround(index, before: Array(chain.layers[..<place]), after: Array(chain.layers[(place + 1)...]))
      index += chain.layers.count - 1
      for (role, weight) in chain.weights { context.weights["\(path)/\(role)"] = weight }
      context.path = path
      context.note(
        .rewritten,
        "Rescaling is a \(made.className) that is not trained, for releases of TensorFlow.js that have none")
    }
  }

  private static func numbers(_ json: JSON) -> (values: [Double], shape: [Int])? {
    if let number = json.doubleValue { return ([number], []) }
    guard let array = array(json), let values = try? array.doubles() else { return nil }
    return (values, array.shape)
  }

  /// What has another type is cast by a Rescaling alone.
  private static func takesFloats(_ index: Int, of model: ModelConfig, _ folder: String, _ facts: LayerFacts) -> Bool {
    let source: TensorReference?
    if model.isSequential {
      source = index > 0 ? TensorReference(model.layers[index - 1].name) : nil
    } else {
      source = model.layers[index].nodes.first?.references.first
    }
    guard let source else { return true }
    if let type = facts.outputTypes[folder + source.layer]?.first?.first { return type.dtype.isFloatingPoint }
    let input = model.layers.first { $0.name == source.layer }
    return input?.fields["dtype"]?.stringValue?.hasPrefix("float") ?? true
  }

  private static func holdsRescaling(_ model: ModelConfig) -> Bool {
    model.layers.contains { $0.className == "Rescaling" || $0.model.map(holdsRescaling) == true }
  }
}
