/// The operators of TensorFlow Lite that are written here, by their numbers in its schema.
enum BuiltinOperator: Int32 {
  case add = 0
  case averagePool2D = 1
  case concatenation = 2
  case conv2D = 3
  case depthwiseConv2D = 4
  case dequantize = 6
  case floor = 8
  case fullyConnected = 9
  case logistic = 14
  case maxPool2D = 17
  case mul = 18
  case relu = 19
  case relu6 = 21
  case reshape = 22
  case softmax = 25
  case tanh = 28
  case pad = 34
  case gather = 36
  case transpose = 39
  case mean = 40
  case sub = 41
  case div = 42
  case stridedSlice = 45
  case exp = 47
  case logSoftmax = 50
  case cast = 53
  case maximum = 55
  case argMax = 56
  case minimum = 57
  case less = 58
  case neg = 59
  case padV2 = 60
  case greater = 61
  case greaterEqual = 62
  case lessEqual = 63
  case sin = 66
  case transposeConv = 67
  case equal = 71
  case notEqual = 72
  case log = 73
  case sum = 74
  case sqrt = 75
  case rsqrt = 76
  case shape = 77
  case pow = 78
  case reduceProd = 81
  case reduceMax = 82
  case logicalOr = 84
  case logicalAnd = 86
  case logicalNot = 87
  case reduceMin = 89
  case floorDiv = 90
  case reduceAny = 91
  case square = 92
  case floorMod = 95
  case leakyRelu = 98
  case abs = 101
  case ceil = 104
  case reverseV2 = 105
  case cos = 108
  case elu = 111
  case round = 116
  case whileLoop = 119
  case scatterND = 122
  case selectV2 = 123
  case batchMatmul = 126
  case cumsum = 128
  case broadcastTo = 130
  case conv3D = 132
  case reduceAll = 140
  case conv3DTranspose = 141
  case gelu = 150
  case dynamicUpdateSlice = 151
  case sign = 158

  /// The number in the byte that older readers look at; theirs end at 127.
  var deprecatedCode: Int8 { Int8(clamping: Swift.min(rawValue, 127)) }

  /// The oldest version of the operator that has what is used of it.
  ///
  /// `rank` is the largest of its operands' and `broadcasts` whether their shapes differ.
  func version(
    operands: [ElementType], rank: Int, broadcasts: Bool, isGrouped: Bool, isDilated: Bool, keepsDimensions: Bool,
    result: ElementType
  ) -> Int32 {
    let first = operands.first
    switch self {
    case .conv2D: return isGrouped ? 6 : 1
    case .depthwiseConv2D: return isDilated ? 2 : 1
    case .fullyConnected: return keepsDimensions ? 5 : 1
    case .gather, .stridedSlice, .transpose:
      if self == .transpose, rank > 5 { return 6 }
      if self != .gather, rank > 4 { return 4 }
      return first == .bool ? 3 : 1
    case .reverseV2: return first == .bool ? 2 : 1
    case .pad, .padV2: return rank > 4 ? 4 : 1
    case .maximum, .minimum, .sub: return broadcasts && rank > 4 ? 3 : 1
    case .div: return broadcasts && rank > 4 ? 2 : 1
    case .floorDiv: return first == .float32 ? 2 : 1
    case .abs: return first == .int32 ? 5 : 1
    case .sign: return first == .int32 ? 2 : 1
    case .dequantize: return first == .int8 ? 5 : 3
    case .broadcastTo: return 2
    case .cast: return result == .float16 || first == .float16 ? 5 : result == .bfloat16 || first == .bfloat16 ? 7 : 1
    default: return 1
    }
  }
}

/// The element types of the schema.
enum ElementType: Int8 {
  case float32 = 0
  case float16 = 1
  case int32 = 2
  case bool = 6
  case int8 = 9
  case bfloat16 = 18
}
