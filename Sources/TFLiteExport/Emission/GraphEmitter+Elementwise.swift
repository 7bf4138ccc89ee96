import KerasCore
import KerasExport
import KerasGraph

extension GraphEmitter {
  func unary(_ function: Unary, _ x: Tensor, _ node: Node) throws(ExportError) -> Tensor {
    let isInteger = builder.dtype(x) != .float32
    switch function {
    case .negate: return builder.unary(.neg, x)
    case .absolute: return builder.unary(.abs, x)
    case .sign: return builder.unary(.sign, x)
    case .exponential: return builder.unary(.exp, x)
    case .expm1: return expm1(x)
    case .logarithm: return builder.unary(.log, x)
    case .log1p: return log1p(x)
    case .squareRoot: return builder.unary(.sqrt, x)
    case .reciprocalSquareRoot: return builder.unary(.rsqrt, x)
    case .reciprocal: return builder.binary(.div, builder.scalar(1, like: x), x)
    case .square: return isInteger ? builder.binary(.mul, x, x) : builder.unary(.square, x)
    case .sine: return builder.unary(.sin, x)
    case .cosine: return builder.unary(.cos, x)
    case .tanh: return builder.unary(.tanh, x)
    case .sigmoid: return builder.unary(.logistic, x)
    case .erf: return erf(x)
    case .floor: return builder.unary(.floor, x)
    case .ceiling: return builder.unary(.ceil, x)
    case .roundHalfToEven: return builder.unary(.round, x)
    case .relu: return isInteger ? builder.binary(.maximum, x, 0) : builder.unary(.relu, x)
    case .softplus:
      let decay = builder.unary(.exp, builder.unary(.neg, builder.unary(.abs, x)))
      return builder.binary(.add, builder.unary(.relu, x), log1p(decay))
    case .logicalNot: return builder.unary(.logicalNot, x)
    case .elu(let alpha):
      let elu = builder.unary(.elu, x)
      if alpha == 1 { return elu }
      return builder.select(builder.binary(.greater, x, 0), x, builder.binary(.mul, elu, alpha))
    case .leakyRelu(let slope): return builder.unary(.leakyRelu, x, .leakyRelu(slope: slope))
    case .clip(minimum: 0, maximum: 6) where !isInteger: return builder.unary(.relu6, x)
    case .clip(let minimum, let maximum):
      var clipped = x
      if minimum > -.infinity { clipped = builder.binary(.maximum, clipped, minimum) }
      if maximum < .infinity { clipped = builder.binary(.minimum, clipped, maximum) }
      return clipped
    case .hardSigmoid(let scale, let offset):
      let line = builder.binary(.add, builder.binary(.mul, x, scale), offset)
      return builder.binary(.minimum, builder.unary(.relu, line), 1)
    case .gelu(let approximate): return builder.unary(.gelu, x, .gelu(approximate: approximate))
    case .silu: return builder.binary(.mul, x, builder.unary(.logistic, x))
    case .rounded(let format): return rounded(x, to: format)
    }
  }

  /// eˣ − 1 without cancellation: ELU has it for x ≤ 0, and eˣ − 1 = −(e⁻ˣ − 1)·eˣ above.
  private func expm1(_ x: Tensor) -> Tensor {
    let below = builder.unary(.elu, x)
    let mirrored = builder.unary(.elu, builder.unary(.neg, x))
    let above = builder.binary(.mul, builder.unary(.neg, mirrored), builder.unary(.exp, x))
    return builder.select(builder.binary(.greater, x, 0), above, below)
  }

  /// ln(1 + x) without the loss of 1 + x: ln(u)·x / (u − 1) with u = 1 + x as it was rounded.
  private func log1p(_ x: Tensor) -> Tensor {
    let u = builder.binary(.add, x, 1)
    let rest = builder.binary(.sub, u, 1)
    let isLost = builder.binary(.equal, rest, 0)
    let isInfinite = builder.binary(.equal, rest, .infinity)
    let divisor = builder.select(isLost, builder.scalar(1, like: x), rest)
    let corrected = builder.binary(.mul, builder.unary(.log, u), builder.binary(.div, x, divisor))
    return builder.select(builder.binary(.logicalOr, isLost, isInfinite), x, corrected)
  }

  /// From gelu(x) = x·(1 + erf(x / √2)) / 2, which is an operator: erf(y) = gelu(√2·y)·√2 / y − 1.
  private func erf(_ x: Tensor) -> Tensor {
    // erf is ±1 in float32 beyond 4; clipped, infinities are not divided by each other.
    let y = builder.binary(.minimum, builder.binary(.maximum, x, -4), 4)
    let root = Float(2).squareRoot()
    let gelu = builder.unary(.gelu, builder.binary(.mul, y, root), .gelu(approximate: false))
    // Near 0 the quotient loses what 2y / √π has.
    let isSmall = builder.binary(.less, builder.unary(.abs, y), 1e-4)
    let divisor = builder.select(isSmall, builder.scalar(1, like: x), y)
    let quotient = builder.binary(.div, builder.binary(.mul, gelu, root), divisor)
    let line = builder.binary(.mul, y, 2 / Float.pi.squareRoot())
    return builder.select(isSmall, line, builder.binary(.sub, quotient, 1))
  }

  /// The nearest number of a narrower format.
  private func rounded(_ x: Tensor, to format: FloatFormat) -> Tensor {
    switch format {
    case .float16, .bfloat16:
      let (stored, dtype): (ElementType, DType) = format == .float16 ? (.float16, .float16) : (.bfloat16, .bfloat16)
      let narrow = builder.add(
        .cast, [x], TensorType(dtype, builder.shape(x)), .cast(from: .float32, to: stored), stored: stored)
      return builder.add(.cast, [narrow], builder.type(x), .cast(from: stored, to: .float32))
    case .float8:
      // Four significant bits by adding and taking away 2²⁰·x; below the normal numbers, multiples of 2⁻⁹.
      let shifted = builder.binary(.mul, x, 0x1p20 + 1)
      let normal = builder.binary(.sub, shifted, builder.binary(.sub, shifted, x))
      let steps = builder.unary(.round, builder.binary(.mul, x, 0x1p9))
      let isSmall = builder.binary(.less, builder.unary(.abs, x), 0x1p-6)
      let nearest = builder.select(isSmall, builder.binary(.mul, steps, 0x1p-9), normal)
      let isBeyond = builder.binary(.greater, builder.unary(.abs, nearest), 448)
      return builder.select(isBeyond, builder.scalar(.nan, like: x), nearest)
    }
  }

  func binary(
    _ function: Binary, _ a: Tensor, _ b: Tensor, _ node: Node, _ activation: FusedActivation
  ) throws(ExportError) -> Tensor {
    switch function {
    case .add: return builder.binary(.add, a, b, activation: activation)
    case .subtract: return builder.binary(.sub, a, b, activation: activation)
    case .multiply: return builder.binary(.mul, a, b, activation: activation)
    case .divide:
      guard builder.dtype(a) == .float32 else {
        throw refusal(node, "a quotient of whole numbers", "TensorFlow Lite cuts off what this op keeps")
      }
      return builder.binary(.div, a, b, activation: activation)
    case .maximum: return builder.binary(.maximum, a, b)
    case .minimum: return builder.binary(.minimum, a, b)
    case .power: return builder.binary(.pow, a, b)
    case .modulo: return builder.binary(.floorMod, a, b)
    case .floorDivide: return builder.binary(.floorDiv, a, b)
    case .logicalAnd: return builder.binary(.logicalAnd, a, b)
    case .logicalOr: return builder.binary(.logicalOr, a, b)
    case .divideNoNaN:
      let isZero = builder.binary(.equal, b, 0)
      let divisor = builder.select(isZero, builder.scalar(1, like: b), b)
      return builder.select(isZero, builder.scalar(0, like: a), builder.binary(.div, a, divisor))
    }
  }

  func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) -> Tensor {
    let code: BuiltinOperator
    switch comparison {
    case .equal: return builder.binary(.equal, a, b)
    case .notEqual: return builder.binary(.notEqual, a, b)
    case .less: code = .less
    case .lessOrEqual: code = .lessEqual
    case .greater: code = .greater
    case .greaterOrEqual: code = .greaterEqual
    }
    guard builder.dtype(a) == .bool else { return builder.binary(code, a, b) }
    return builder.binary(code, builder.cast(a, to: .int32), builder.cast(b, to: .int32))
  }

  func cast(_ x: Tensor, to dtype: DType, _ node: Node) throws(ExportError) -> Tensor {
    switch dtype {
    case .bool:
      // Not every release casts to bool.
      return builder.dtype(x) == .bool ? x : builder.binary(.notEqual, x, 0)
    case .string: throw refusal(node, "a cast to text", "TensorFlow Lite has none")
    case .float16, .bfloat16, .float32, .float64: return builder.cast(x, to: .float32)
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64: return builder.cast(x, to: .int32)
    }
  }
}
