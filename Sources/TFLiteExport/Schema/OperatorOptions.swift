/// Windows outside the input: not at all, or as TensorFlow's `same` has them.
enum WindowPadding: Int8 {
  case same = 0
  case valid = 1
}

/// An activation that an operator applies to its result itself.
enum FusedActivation: Int8 {
  case none = 0
  case relu = 1
  case reluN1To1 = 2
  case relu6 = 3
}

/// An operator's attributes: the number of their table in the schema's union, and the table.
struct OperatorOptions: Sendable {
  var type: UInt8
  var table: FlatTable

  private init(_ type: UInt8, _ fields: FlatValue...) {
    self.type = type
    table = FlatTable()
    for (slot, value) in fields.enumerated() { table[slot] = value }
  }

  /// No attributes, of operators whose table is empty or missing.
  static let none = OperatorOptions(0)

  static func conv2D(
    _ padding: WindowPadding, strides: [Int], dilations: [Int], activation: FusedActivation
  ) -> OperatorOptions {
    OperatorOptions(
      1, .int8(padding.rawValue), .number(strides[1]), .number(strides[0]), .int8(activation.rawValue),
      .number(dilations[1]), .number(dilations[0]))
  }

  static func depthwiseConv2D(
    _ padding: WindowPadding, strides: [Int], dilations: [Int], multiplier: Int, activation: FusedActivation
  ) -> OperatorOptions {
    OperatorOptions(
      2, .int8(padding.rawValue), .number(strides[1]), .number(strides[0]), .number(multiplier),
      .int8(activation.rawValue), .number(dilations[1]), .number(dilations[0]))
  }

  /// Of CONV_3D and CONV_3D_TRANSPOSE.
  static func conv3D(
    _ padding: WindowPadding, strides: [Int], dilations: [Int], activation: FusedActivation
  ) -> OperatorOptions {
    OperatorOptions(
      106, .int8(padding.rawValue), .number(strides[0]), .number(strides[2]), .number(strides[1]),
      .int8(activation.rawValue), .number(dilations[0]), .number(dilations[2]), .number(dilations[1]))
  }

  static func transposeConv(_ padding: WindowPadding, strides: [Int]) -> OperatorOptions {
    OperatorOptions(49, .int8(padding.rawValue), .number(strides[1]), .number(strides[0]))
  }

  static func pool2D(_ padding: WindowPadding, window: [Int], strides: [Int]) -> OperatorOptions {
    OperatorOptions(
      5, .int8(padding.rawValue), .number(strides[1]), .number(strides[0]), .number(window[1]), .number(window[0]))
  }

  static func fullyConnected(_ activation: FusedActivation, keepsDimensions: Bool) -> OperatorOptions {
    OperatorOptions(8, .int8(activation.rawValue), .int8(0), .bool(keepsDimensions))
  }

  static func batchMatmul(transposeA: Bool, transposeB: Bool) -> OperatorOptions {
    OperatorOptions(101, .bool(transposeA), .bool(transposeB))
  }

  static func softmax() -> OperatorOptions { OperatorOptions(9, .float32(1)) }

  static func concatenation(axis: Int) -> OperatorOptions { OperatorOptions(10, .number(axis)) }

  static func arithmetic(_ code: BuiltinOperator, _ activation: FusedActivation) -> OperatorOptions {
    switch code {
    case .add: OperatorOptions(11, .int8(activation.rawValue))
    case .mul: OperatorOptions(21, .int8(activation.rawValue))
    case .sub: OperatorOptions(28, .int8(activation.rawValue))
    case .div: OperatorOptions(29, .int8(activation.rawValue))
    default: .none
    }
  }

  static func gather(axis: Int) -> OperatorOptions { OperatorOptions(23, .number(axis), .int32(0)) }

  static func reducer(keepsDimensions: Bool) -> OperatorOptions { OperatorOptions(27, .bool(keepsDimensions)) }

  static func stridedSlice(beginMask: Int, endMask: Int, shrinkMask: Int) -> OperatorOptions {
    OperatorOptions(32, .number(beginMask), .number(endMask), .int32(0), .int32(0), .number(shrinkMask))
  }

  static func cast(from source: ElementType, to target: ElementType) -> OperatorOptions {
    OperatorOptions(37, .int8(source.rawValue), .int8(target.rawValue))
  }

  static func argMax() -> OperatorOptions { OperatorOptions(40, .int8(ElementType.int32.rawValue)) }

  static func shape() -> OperatorOptions { OperatorOptions(55, .int8(ElementType.int32.rawValue)) }

  static func leakyRelu(slope: Float) -> OperatorOptions { OperatorOptions(75, .float32(slope)) }

  static func whileLoop(condition: Int, body: Int) -> OperatorOptions {
    OperatorOptions(93, .number(condition), .number(body))
  }

  static func cumsum(exclusive: Bool, reverse: Bool) -> OperatorOptions {
    OperatorOptions(102, .bool(exclusive), .bool(reverse))
  }

  static func gelu(approximate: Bool) -> OperatorOptions { OperatorOptions(116, .bool(approximate)) }

  /// The empty tables that operators without attributes are given by convention.
  static func empty(_ code: BuiltinOperator) -> OperatorOptions {
    switch code {
    case .pad: OperatorOptions(22)
    case .padV2: OperatorOptions(43)
    case .reshape: OperatorOptions(17)
    case .transpose: OperatorOptions(26)
    case .exp: OperatorOptions(33)
    case .logSoftmax: OperatorOptions(36)
    case .dequantize: OperatorOptions(38)
    case .maximum, .minimum: OperatorOptions(39)
    case .less: OperatorOptions(41)
    case .neg: OperatorOptions(42)
    case .greater: OperatorOptions(44)
    case .greaterEqual: OperatorOptions(45)
    case .lessEqual: OperatorOptions(46)
    case .equal: OperatorOptions(53)
    case .notEqual: OperatorOptions(54)
    case .pow: OperatorOptions(56)
    case .logicalOr: OperatorOptions(60)
    case .logicalAnd: OperatorOptions(61)
    case .logicalNot: OperatorOptions(62)
    case .floorDiv: OperatorOptions(65)
    case .square: OperatorOptions(66)
    case .floorMod: OperatorOptions(72)
    case .abs: OperatorOptions(78)
    case .reverseV2: OperatorOptions(81)
    case .cos: OperatorOptions(83)
    case .scatterND: OperatorOptions(97)
    case .selectV2: OperatorOptions(98)
    case .broadcastTo: OperatorOptions(104)
    case .dynamicUpdateSlice: OperatorOptions(117)
    case .sign: OperatorOptions(123)
    default: .none
    }
  }
}

extension FlatValue {
  /// An attribute of the schema's `int`, into which every size of a model fits.
  fileprivate static func number(_ value: Int) -> FlatValue { .int32(Int32(clamping: value)) }
}
