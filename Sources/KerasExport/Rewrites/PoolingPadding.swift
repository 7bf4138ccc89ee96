import KerasCore

/// Theano's `same` padding of poolings, whose windows begin elsewhere than TensorFlow's.
///
/// A window begins at j·s − p with p = k − 2 for odd k above 2, else k − 1, and padding never counts. Where that is what
/// TensorFlow does for the length at hand, `same` stays. Otherwise a maximum is taken over an input extended by copies of its
/// first and last elements, which every such window holds anyway; an average is a product with a fixed matrix per axis.
enum PoolingPadding: LayerRewrite {
  private static let ranks = [
    "MaxPooling1D": 1, "MaxPooling2D": 2, "MaxPooling3D": 3, "AveragePooling1D": 1, "AveragePooling2D": 2,
    "AveragePooling3D": 3,
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let countsPadding = chain.layer.fields.removeValue(forKey: "keraskit>count_padding") == true
    let layer = chain.layer
    guard let rank = ranks[layer.className], let padding = layer.string("padding"), padding == "keraskit>same_theano"
    else {
      return
    }
    guard let pool = layer.ints("pool_size", count: rank),
      let strides = layer.ints("strides", count: rank) ?? Optional(pool)
    else { throw ExportError(.malformed("the pool_size is missing"), layer: context.path) }
    let isFirst = layer.string("data_format") == "channels_first"
    guard let shape = context.inputShape, shape.rank == rank + 2, rank < 3,
      let lengths = Shape(Array(shape.dimensions.dropFirst(isFirst ? 2 : 1).prefix(rank))).concrete
    else {
      throw context.refusal(
        "Theano's 'same' padding of \(layer.className)",
        "it can be rewritten only in 1-D and 2-D, for inputs of a fixed size")
    }
    let axes = (0..<rank).map { Windows(length: lengths[$0], size: pool[$0], stride: strides[$0]) }
    let isMaximum = layer.className.hasPrefix("Max")
    if !countsPadding, axes.allSatisfy(\.matchesTensorFlow) {
      chain.layer.fields["padding"] = "same"
      return
    }
    if countsPadding {
      chain.layer.fields["padding"] = "valid"
      chain.before.append(ZeroPadding.layer(layer, pads: axes.map { [$0.before, $0.after] }))
      context.note(.rewritten, "the average over padded zeros is a ZeroPadding before a valid pooling")
      return
    }
    guard !context.isWrapped else {
      throw context.refusal("Theano's 'same' padding of \(layer.className)", "it stands inside another layer")
    }
    let pooling = Pooling(layer: layer, shape: shape, axes: axes, isChannelsFirst: isFirst)
    let model = isMaximum ? pooling.maximum() : try pooling.average(path: context.path, weights: &context.weights)
    chain.layer = LayerConfig(isMaximum ? "Functional" : "Sequential", name: layer.name)
    chain.layer.nodes = layer.nodes
    chain.layer.model = model
    context.note(
      .rewritten,
      isMaximum
        ? "Theano's windows are a small model: its borders repeated, then a valid \(layer.className)"
        : "Theano's windows are a small model: a fixed Dense per axis, frozen")
  }

  /// Where Theano's windows lie along one axis.
  struct Windows {
    var length: Int
    var size: Int
    var stride: Int

    var count: Int { (length + stride - 1) / stride }
    /// Padding before the first element.
    var before: Int { size > 2 && size % 2 == 1 ? size - 2 : size - 1 }
    /// Padding after the last one.
    var after: Int { max((count - 1) * stride + size - before - length, 0) }

    var matchesTensorFlow: Bool { max((count - 1) * stride + size - length, 0) / 2 == before }

    /// `(length, count)` in C order: 1 / the number of real elements where an element lies in a window.
    var averages: [Float] {
      var matrix = [Float](repeating: 0, count: length * count)
      for window in 0..<count {
        let start = max(window * stride - before, 0)
        let end = min(window * stride - before + size, length)
        for element in start..<max(end, start) { matrix[element * count + window] = 1 / Float(end - start) }
      }
      return matrix
    }
  }
}

/// A pooling with Theano's windows as a model of Keras 3 layers.
private struct Pooling {
  let layer: LayerConfig
  let shape: Shape
  let axes: [PoolingPadding.Windows]
  let isChannelsFirst: Bool

  private var dtype: JSON { layer.fields["dtype"] ?? "float32" }

  private var input: LayerConfig {
    LayerConfig(
      "InputLayer", name: "input",
      fields: [
        "batch_shape": JSON(Shape([nil] + shape.dimensions.dropFirst())), "dtype": dtype, "sparse": false,
        "ragged": false, "optional": false,
      ])
  }

  private func make(_ className: String, _ name: String, _ fields: KeyValuePairs<String, JSON>) -> LayerConfig {
    var config = LayerConfig(className, name: name, fields: ["trainable": true, "dtype": dtype])
    for (key, value) in fields { config.fields[key] = value }
    return config
  }

  // MARK: Maximum

  func maximum() -> ModelConfig {
    var layers = [input]
    var source = TensorReference("input")
    for (axis, windows) in axes.enumerated() where windows.before + windows.after > 0 {
      let dimension = axis + (isChannelsFirst ? 2 : 1)
      var parts: [TensorReference] = []
      for (side, count) in [("first", windows.before), ("last", windows.after)] where count > 0 {
        var edge = cropping("axis\(axis)_\(side)", axis: axis, windows, keepsFirst: side == "first")
        edge.nodes = [CallNode(args: [.tensor(source)])]
        layers.append(edge)
        let copies = Array(repeating: TensorReference(edge.name), count: count)
        parts = side == "first" ? copies : parts + [source] + copies
        if side == "first", windows.after == 0 { parts.append(source) }
      }
      var joined = make("Concatenate", "axis\(axis)_extended", ["axis": JSON(dimension)])
      joined.nodes = [CallNode(args: [.array(parts.map { .tensor($0) })])]
      layers.append(joined)
      source = TensorReference(joined.name)
    }
    var pool = LayerConfig(layer.className, name: "pool", fields: layer.fields)
    pool.fields["padding"] = "valid"
    pool.nodes = [CallNode(args: [.tensor(source)])]
    layers.append(pool)
    var model = ModelConfig(
      functional: layer.name, layers: layers, inputs: [TensorReference("input")], outputs: [TensorReference("pool")])
    model.layers = LayerOrder.sorted(model)
    return model
  }

  private func cropping(
    _ name: String, axis: Int, _ windows: PoolingPadding.Windows, keepsFirst: Bool
  ) -> LayerConfig {
    // Axes before this one are extended already and stay whole.
    let cut = keepsFirst ? [0, windows.length - 1] : [windows.length - 1, 0]
    if axes.count == 1 { return make("Cropping1D", name, ["cropping": JSON(cut)]) }
    let pairs: [JSON] = axes.indices.map { $0 == axis ? JSON(cut) : [0, 0] }
    return make(
      "Cropping2D", name, ["cropping": .array(pairs), "data_format": layer.fields["data_format"] ?? "channels_last"])
  }

  // MARK: Average

  func average(path: String, weights: inout [String: TensorData]) throws(ExportError) -> ModelConfig {
    var layers = [input]
    // The axis to average comes last, one after the other, until all are back in place.
    let turn: JSON = axes.count == 1 ? [2, 1] : isChannelsFirst ? [1, 3, 2] : [2, 3, 1]
    let order = isChannelsFirst ? Array(axes.indices.reversed()) : Array(axes.indices)
    for (step, axis) in order.enumerated() {
      if !isChannelsFirst { layers.append(make("Permute", "turn\(step)", ["dims": turn])) }
      let name = "average\(axis)"
      layers.append(dense(name, units: axes[axis].count))
      do {
        weights["\(path)/\(name)/kernel"] = try TensorData(
          shape: [axes[axis].length, axes[axis].count], floats: axes[axis].averages)
      } catch {
        throw ExportError(.malformed("\(error)"), layer: path)
      }
      if isChannelsFirst, axes.count > 1 { layers.append(make("Permute", "turn\(step)", ["dims": turn])) }
    }
    if !isChannelsFirst { layers.append(make("Permute", "turn\(order.count)", ["dims": turn])) }
    return ModelConfig(sequential: layer.name, layers: layers)
  }

  private func dense(_ name: String, units: Int) -> LayerConfig {
    var dense = make(
      "Dense", name,
      [
        "units": JSON(units), "activation": "linear", "use_bias": false,
        "kernel_initializer": [
          "module": "keras.initializers", "class_name": "Zeros", "config": [:], "registered_name": nil,
        ],
        "bias_initializer": [
          "module": "keras.initializers", "class_name": "Zeros", "config": [:], "registered_name": nil,
        ],
        "kernel_regularizer": nil, "bias_regularizer": nil, "activity_regularizer": nil, "kernel_constraint": nil,
        "bias_constraint": nil,
      ])
    dense.fields["trainable"] = false
    return dense
  }
}
