import OrderedCollections

/// An operation of TensorFlow's graph as a function of `keras.ops` (tensorflow/core/ops of 2.3).
struct TensorFlowOperation: Sendable {
  let function: String
  /// The function's parameters in the order of the operands.
  let operands: [String]
  /// The parameter that takes all operands without a name of their own.
  let list: String?
  /// Whether the named operands come before the list.
  let namedFirst: Bool
  /// The node's attributes and the parameters they are.
  let attributes: [(String, String)]
  let implied: OrderedDictionary<String, CallValue>

  /// Names, function, operands (`*xs` takes the rest), `attribute:parameter`, `parameter=constant`.
  private static let rows: [(String, String, String)] = [
    ("Add AddV2", "add", "x1 x2"), ("Sub", "subtract", "x1 x2"), ("Mul", "multiply", "x1 x2"),
    ("RealDiv Div", "true_divide", "x1 x2"), ("DivNoNan", "divide_no_nan", "x1 x2"),
    ("FloorDiv", "floor_divide", "x1 x2"), ("FloorMod", "mod", "x1 x2"), ("Pow", "power", "x1 x2"),
    ("Maximum", "maximum", "x1 x2"), ("Minimum", "minimum", "x1 x2"),
    ("SquaredDifference", "squared_difference", "x y"), ("AddN", "add_n", "*inputs"),
    ("Neg", "negative", "x"), ("Abs", "absolute", "x"), ("Sign", "sign", "x"), ("Square", "square", "x"),
    ("Sqrt", "sqrt", "x"), ("Rsqrt", "rsqrt", "x"), ("Exp", "exp", "x"), ("Expm1", "expm1", "x"), ("Log", "log", "x"),
    ("Log1p", "log1p", "x"), ("Sin", "sin", "x"), ("Cos", "cos", "x"), ("Tan", "tan", "x"), ("Floor", "floor", "x"),
    ("Ceil", "ceil", "x"), ("Round Rint", "round", "x"), ("Reciprocal Inv", "reciprocal", "x"), ("Erf", "erf", "x"),
    ("Atan", "arctan", "x"), ("Asin", "arcsin", "x"), ("Acos", "arccos", "x"),
    ("Relu", "relu", "x"), ("Relu6", "relu6", "x"), ("LeakyRelu", "leaky_relu", "x alpha:negative_slope"),
    ("Elu", "elu", "x"), ("Selu", "selu", "x"), ("Sigmoid", "sigmoid", "x"), ("Tanh", "tanh", "x"),
    ("Softplus", "softplus", "x"), ("Softsign", "softsign", "x"), ("Softmax", "softmax", "x"),
    ("LogSoftmax", "log_softmax", "x"), ("Identity Snapshot", "identity", "x"),
    ("StopGradient", "stop_gradient", "variable"),
    ("Sum", "sum", "x axis keep_dims:keepdims"), ("Mean", "mean", "x axis keep_dims:keepdims"),
    ("Max", "max", "x axis keep_dims:keepdims"), ("Min", "min", "x axis keep_dims:keepdims"),
    ("Prod", "prod", "x axis keep_dims:keepdims"), ("Any", "any", "x axis keep_dims:keepdims"),
    ("All", "all", "x axis keep_dims:keepdims"), ("ArgMax", "argmax", "x axis"), ("ArgMin", "argmin", "x axis"),
    ("Cumsum", "cumsum", "x axis"), ("Reshape", "reshape", "x newshape"), ("Transpose", "transpose", "x axes"),
    ("ExpandDims", "expand_dims", "x axis"), ("Squeeze", "squeeze", "x squeeze_dims:axis"),
    ("Shape", "keraskit>shape_vector", "x"), ("Rank", "ndim", "x"), ("Size", "size", "x"),
    ("Tile", "tile", "x repeats"),
    ("BroadcastTo", "broadcast_to", "x shape"), ("Fill", "full", "shape fill_value"), ("Pad", "pad", "x pad_width"),
    ("PadV2", "pad", "x pad_width constant_values"), ("MirrorPad", "pad", "x pad_width mode:mode"),
    ("ConcatV2", "concatenate", "*xs axis"), ("Pack", "stack", "*x axis:axis"),
    ("Unpack", "unstack", "x axis:axis num:num"),
    ("Split", "split", "axis x num_split:indices_or_sections"), ("SplitV", "keraskit>split_sizes", "x sizes axis"),
    ("ReverseV2", "flip", "x axis"), ("GatherV2 Gather", "take", "x indices axis"),
    ("OneHot", "one_hot", "x num_classes on_value off_value axis:axis"),
    ("Cast", "cast", "x DstT:dtype"), ("ZerosLike", "zeros_like", "x"), ("OnesLike", "ones_like", "x"),
    ("Range", "arange", "start stop step"),
    ("MatMul", "keraskit>matmul", "a b transpose_a:transpose_a transpose_b:transpose_b"),
    ("BatchMatMul BatchMatMulV2", "keraskit>matmul", "a b adj_x:transpose_a adj_y:transpose_b"),
    ("Einsum", "einsum", "*operands equation:subscripts"), ("BiasAdd", "bias_add", "x bias"),
    ("Greater", "greater", "x1 x2"), ("GreaterEqual", "greater_equal", "x1 x2"), ("Less", "less", "x1 x2"),
    ("LessEqual", "less_equal", "x1 x2"), ("Equal", "equal", "x1 x2"), ("NotEqual", "not_equal", "x1 x2"),
    ("LogicalAnd", "logical_and", "x1 x2"), ("LogicalOr", "logical_or", "x1 x2"), ("LogicalNot", "logical_not", "x"),
    ("Select SelectV2", "where", "condition x1 x2"), ("ClipByValue", "clip", "x x_min x_max"),
    ("SpaceToDepth", "space_to_depth", "x block_size:block_size"),
    ("DepthToSpace", "depth_to_space", "x block_size:block_size"),
    (
      "ResizeBilinear", "keraskit>resize",
      "images size align_corners:align_corners half_pixel_centers:half_pixel_centers interpolation=bilinear"
    ),
    (
      "ResizeNearestNeighbor", "keraskit>resize",
      "images size align_corners:align_corners half_pixel_centers:half_pixel_centers interpolation=nearest"
    ),
    (
      "ResizeBicubic", "keraskit>resize",
      "images size align_corners:align_corners half_pixel_centers:half_pixel_centers interpolation=bicubic"
    ),
  ]

  static let all: [String: TensorFlowOperation] = {
    var table: [String: TensorFlowOperation] = [:]
    for (names, function, words) in rows {
      let row = TensorFlowOperation(function, words)
      for name in names.split(separator: " ") { table[String(name)] = row }
    }
    return table
  }()

  private init(_ function: String, _ words: String) {
    var operands: [String] = []
    var list: String?
    var namedFirst = false
    var attributes: [(String, String)] = []
    var implied: OrderedDictionary<String, CallValue> = [:]
    for word in words.split(separator: " ") {
      let pair = word.split(separator: ":").map(String.init)
      let constant = word.split(separator: "=").map(String.init)
      if pair.count == 2 {
        attributes.append((pair[0], pair[1]))
      } else if constant.count == 2 {
        implied[constant[0]] = .string(constant[1])
      } else if word.hasPrefix("*") {
        list = String(word.dropFirst())
        namedFirst = !operands.isEmpty
      } else {
        operands.append(String(word))
      }
    }
    self.function = function
    self.operands = operands
    self.list = list
    self.namedFirst = namedFirst
    self.attributes = attributes
    self.implied = implied
  }
}
