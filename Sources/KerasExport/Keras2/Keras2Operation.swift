import KerasCore
import OrderedCollections

/// A function of a graph as tf.keras 2.15 calls it: a TFOpLambda by TensorFlow's name, or a slice.
///
/// Functions of 2.15 itself go through as they are; operations of Keras 3 are translated by `Keras2Operation.rows`.
struct Keras2Operation {
  let layer: JSON
  let nodes: [JSON]

  private static let classes: Set<String> = [
    "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty", "InstanceMethod",
  ]

  /// `nil` for a layer that is no function; throws for one that TensorFlow does not have.
  init?(_ call: LayerConfig, path: String) throws(ExportError) {
    if call.module == "keras.layers" {
      guard Self.classes.contains(call.className) else { return nil }
      layer = Self.object(call.className, call, config: call.fields)
      nodes = call.nodes.map { Self.node($0.args.arrayValue ?? [], $0.kwargs.objectValue ?? [:]) }
      return
    }
    guard call.className != "GetItem" else {
      layer = Self.object("SlicingOpLambda", call, config: ["function": "__operators__.getitem"])
      nodes = try call.nodes.map { node throws(ExportError) in try Self.slice(node, path: path) }
      return
    }
    if let same = Self.layer(call) {
      layer = Self.object(same.className, call, config: same.fields)
      nodes = try Keras2Nodes.json(of: same, path: path)
      return
    }
    guard let row = Self.table[call.className] else {
      throw ExportError(
        .notExpressible(
          what: "the operation \(call.className) of Keras 3", reason: "no function of TensorFlow is known for it"),
        layer: path)
    }
    layer = Self.object("TFOpLambda", call, config: ["function": .string(row.function)])
    nodes = try call.nodes.map { node throws(ExportError) in try row.node(node, fields: call.fields, path: path) }
  }

  private static func object(
    _ className: String, _ call: LayerConfig, config: OrderedDictionary<String, JSON>
  ) -> JSON {
    var fields: OrderedDictionary<String, JSON> = ["name": .string(call.name), "trainable": true, "dtype": "float32"]
    fields.merge(config) { _, new in new }
    return ["class_name": .string(className), "config": .object(fields)]
  }

  /// Operations as the layers that do them: pooling, whose function in TensorFlow has other names for each rank, and ELU,
  /// whose function takes no alpha.
  private static func layer(_ call: LayerConfig) -> LayerConfig? {
    if call.className == "Elu", let alpha = call.fields["alpha"], alpha.doubleValue != 1 {
      var layer = LayerConfig("ELU", name: call.name, fields: ["alpha": alpha])
      layer.nodes = call.nodes
      return layer
    }
    guard let kind = ["MaxPool": "MaxPooling", "AveragePool": "AveragePooling"][call.className],
      let rank = call.fields["pool_size"]?.arrayValue?.count, (1...3).contains(rank)
    else { return nil }
    var layer = LayerConfig("\(kind)\(rank)D", name: call.name)
    for field in ["pool_size", "strides", "padding", "data_format"] { layer.fields[field] = call.fields[field] }
    layer.nodes = call.nodes
    return layer
  }

  /// The first argument with all others beside its tensors; a single one is no list, since these layers keep structure.
  private static func node(_ args: [JSON], _ kwargs: OrderedDictionary<String, JSON>) -> JSON {
    let arguments = JSON.object(kwargs.mapValues { Keras2Nodes.value($0) })
    func entry(_ argument: JSON) -> JSON {
      if let reference = argument.tensorReference { return Keras2Nodes.entry(reference, arguments) }
      return ["_CONSTANT_VALUE", -1, Keras2Nodes.value(argument), arguments]
    }
    guard let first = args.first else { return [] }
    if let list = first.arrayValue, !first.tensorReferences.isEmpty { return .array(list.map { entry($0) }) }
    return entry(first)
  }

  // MARK: Operations of Keras 3

  /// How an operation's arguments stand in TensorFlow's function.
  struct Row: Sendable {
    var function: String
    /// The call's arguments in order: Keras 3's name and TensorFlow's.
    var tensors: [(own: String, name: String)]
    /// Constants of the config.
    var fields: [(own: String, name: String)]

    fileprivate func node(
      _ node: CallNode, fields saved: OrderedDictionary<String, JSON>, path: String
    ) throws(ExportError) -> JSON {
      var arguments: OrderedDictionary<String, JSON> = [:]
      for (place, value) in (node.args.arrayValue ?? []).enumerated() {
        guard place < tensors.count else { throw refusal("the argument \(place + 1)", path) }
        arguments[tensors[place].name] = value
      }
      for (key, value) in node.kwargs.objectValue ?? [:] where !value.isNull {
        guard let name = tensors.first(where: { $0.own == key })?.name else {
          throw refusal("the argument '\(key)'", path)
        }
        arguments[name] = value
      }
      let ignored = ["name", "trainable", "dtype", "decimals"] + fields.map(\.own)
      for (key, value) in saved where !ignored.contains(key) && !value.isNull && value != false && !isOwn(key, value) {
        throw refusal("the field '\(key)', \(value.text()),", path)
      }
      for (own, name) in fields {
        guard let value = saved[own], !value.isNull else { continue }
        // TensorFlow writes paddings in capitals, and strides of this one for all axes.
        let isPadding = own == "padding" && name == "padding"
        arguments[name] = isPadding ? .string(value.stringValue?.uppercased() ?? "") : value
        if function == "nn.depthwise_conv2d", own == "strides" {
          arguments[name] = .array([1] + (value.arrayValue ?? [value, value]) + [1])
        }
      }
      let first = tensors.first.flatMap { arguments.removeValue(forKey: $0.name) } ?? .null
      return Keras2Operation.node([first], arguments)
    }

    /// Values that are TensorFlow's own.
    private func isOwn(_ key: String, _ value: JSON) -> Bool {
      key == "alpha" && value.doubleValue == 1 && function == "nn.elu"
        || key == "data_format" && value == "channels_last" && function.hasPrefix("nn.")
    }

    private func refusal(_ what: String, _ path: String) -> ExportError {
      ExportError(.notExpressible(what: what, reason: "it is not known of TensorFlow's \(function)"), layer: path)
    }
  }

  /// `x[key]`, whose key is a list of indices and slices.
  private static func slice(_ node: CallNode, path: String) throws(ExportError) -> JSON {
    let args = node.args.arrayValue ?? []
    let tensor = args.first ?? node.kwargs["x"] ?? .null
    var key = args.count > 1 ? args[1] : node.kwargs["key"] ?? .null
    if key["class_name"] == "__tuple__" { key = key["items"] ?? key["config"] ?? key }
    guard let reference = tensor.tensorReference else {
      throw ExportError(.notExpressible(what: "a slice of a constant", reason: "Keras 2 has none"), layer: path)
    }
    let parts = (key.arrayValue ?? [key]).map { part -> JSON in
      let slice = part["class_name"] == "__slice__" ? part["config"] : part["start"] != nil ? part : nil
      guard let slice else { return part["class_name"] == "__ellipsis__" ? ["class_name": "__ellipsis__"] : part }
      return ["start": slice["start"] ?? .null, "stop": slice["stop"] ?? .null, "step": slice["step"] ?? .null]
    }
    return Keras2Nodes.entry(reference, ["slice_spec": Keras2Nodes.value(.array(parts))])
  }
}

extension Keras2Operation {
  /// Operations, TensorFlow's function, the call's arguments, `|`, and fields of the config, each as in Keras 3 with
  /// TensorFlow's name after `=`.
  private static let rows: [(String, String, String)] = [
    ("Absolute Abs", "math.abs", "x"), ("Exp", "math.exp", "x"), ("Expm1", "math.expm1", "x"),
    ("Log", "math.log", "x"), ("Log1p", "math.log1p", "x"), ("Sqrt", "math.sqrt", "x"),
    ("Rsqrt", "math.rsqrt", "x"), ("Square", "math.square", "x"), ("Negative", "math.negative", "x"),
    ("Sign", "math.sign", "x"), ("Floor", "math.floor", "x"), ("Ceil", "math.ceil", "x"), ("Sin", "math.sin", "x"),
    ("Cos", "math.cos", "x"), ("Tan", "math.tan", "x"), ("Sinh", "math.sinh", "x"), ("Cosh", "math.cosh", "x"),
    ("Arcsin", "math.asin", "x"), ("Arccos", "math.acos", "x"), ("Arctan", "math.atan", "x"),
    ("Tanh", "math.tanh", "x"), ("Sigmoid", "math.sigmoid", "x"), ("Erf", "math.erf", "x"),
    ("Reciprocal", "math.reciprocal", "x"), ("LogicalNot", "math.logical_not", "x"),
    ("Relu", "nn.relu", "x=features"), ("Relu6", "nn.relu6", "x=features"), ("Silu", "nn.silu", "x=features"),
    ("Softplus", "math.softplus", "x=features"), ("Softsign", "nn.softsign", "x=features"),
    ("Selu", "nn.selu", "x=features"), ("LeakyRelu", "nn.leaky_relu", "x=features | negative_slope=alpha"),
    ("Gelu", "nn.gelu", "x=features | approximate"), ("Softmax", "nn.softmax", "x=logits | axis"),
    ("LogSoftmax", "nn.log_softmax", "x=logits | axis"),
    ("Add", "math.add", "x1=x x2=y"), ("Subtract", "math.subtract", "x1=x x2=y"),
    ("Multiply", "math.multiply", "x1=x x2=y"), ("Divide TrueDivide", "math.divide", "x1=x x2=y"),
    ("FloorDivide", "math.floordiv", "x1=x x2=y"), ("Mod", "math.floormod", "x1=x x2=y"),
    ("Power", "math.pow", "x1=x x2=y"), ("Maximum", "math.maximum", "x1=x x2=y"),
    ("Minimum", "math.minimum", "x1=x x2=y"), ("Equal", "math.equal", "x1=x x2=y"),
    ("NotEqual", "math.not_equal", "x1=x x2=y"), ("Greater", "math.greater", "x1=x x2=y"),
    ("GreaterEqual", "math.greater_equal", "x1=x x2=y"), ("Less", "math.less", "x1=x x2=y"),
    ("LessEqual", "math.less_equal", "x1=x x2=y"), ("LogicalAnd", "math.logical_and", "x1=x x2=y"),
    ("LogicalXor", "math.logical_xor", "x1=x x2=y"), ("Arctan2", "math.atan2", "x1=y x2=x"),
    ("LogSigmoid", "math.log_sigmoid", "x"), ("Isnan", "math.is_nan", "x"), ("Isinf", "math.is_inf", "x"),
    ("Isfinite", "math.is_finite", "x"), ("Arcsinh", "math.asinh", "x"), ("Arccosh", "math.acosh", "x"),
    ("Arctanh", "math.atanh", "x"), ("Cholesky", "linalg.cholesky", "x=input"), ("Inv", "linalg.inv", "x=input"),
    ("Det", "linalg.det", "x=input"), ("LogicalOr", "math.logical_or", "x1=x x2=y"),
    ("Matmul", "linalg.matmul", "x1=a x2=b"),
    ("Sum", "math.reduce_sum", "x=input_tensor | axis keepdims"),
    ("Mean", "math.reduce_mean", "x=input_tensor | axis keepdims"),
    ("Max Amax", "math.reduce_max", "x=input_tensor | axis keepdims"),
    ("Min Amin", "math.reduce_min", "x=input_tensor | axis keepdims"),
    ("Prod", "math.reduce_prod", "x=input_tensor | axis keepdims"),
    ("Var", "math.reduce_variance", "x=input_tensor | axis keepdims"),
    ("Std", "math.reduce_std", "x=input_tensor | axis keepdims"),
    ("Any", "math.reduce_any", "x=input_tensor | axis keepdims"),
    ("All", "math.reduce_all", "x=input_tensor | axis keepdims"),
    ("Logsumexp", "math.reduce_logsumexp", "x=input_tensor | axis keepdims"),
    ("Reshape", "reshape", "x=tensor | newshape=shape"), ("Transpose", "transpose", "x=a | axes=perm"),
    ("ExpandDims", "expand_dims", "x=input | axis"), ("Squeeze", "squeeze", "x=input | axis"),
    ("Concatenate", "concat", "xs=values | axis"), ("Stack", "stack", "x=values | axis"),
    ("Tile", "tile", "x=input | repeats=multiples"), ("BroadcastTo", "broadcast_to", "x=input | shape"),
    ("Round", "math.round", "x"), ("Elu", "nn.elu", "x=features"), ("Cumsum", "math.cumsum", "x | axis"),
    ("Argmax", "argmax", "x=input | axis"), ("Argmin", "argmin", "x=input | axis"),
    ("Take", "gather", "x=params indices | axis"), ("DivideNoNan", "math.divide_no_nan", "x1=x x2=y"),
    ("Pad", "pad", "x=tensor constant_values | pad_width=paddings mode"), ("Flip", "reverse", "x=tensor | axis"),
    ("Clip", "clip_by_value", "x=t | x_min=clip_value_min x_max=clip_value_max"), ("Cast", "cast", "x | dtype"),
    ("Where", "where", "condition x1=x x2=y"), ("ZerosLike", "zeros_like", "x=input | dtype"),
    ("Conv", "nn.convolution", "inputs=input kernel=filters | strides padding dilation_rate=dilations"),
    (
      "DepthwiseConv", "nn.depthwise_conv2d",
      "inputs=input kernel=filter | strides padding dilation_rate=dilations"
    ),
    ("Inv", "linalg.inv", "x=input"), ("Scatter", "scatter_nd", "indices values=updates | shape"),
    ("OnesLike", "ones_like", "x=input | dtype"), ("StopGradient", "stop_gradient", "variable=input"),
  ]

  private static let table: [String: Row] = {
    var table: [String: Row] = [:]
    for (names, function, parameters) in rows {
      let halves = parameters.split(separator: "|").map { half in
        half.split(separator: " ").map { word in
          let parts = word.split(separator: "=").map(String.init)
          return (own: parts[0], name: parts[parts.count - 1])
        }
      }
      let row = Row(function: function, tensors: halves[0], fields: halves.count > 1 ? halves[1] : [])
      for name in names.split(separator: " ") { table[String(name)] = row }
    }
    return table
  }()
}
