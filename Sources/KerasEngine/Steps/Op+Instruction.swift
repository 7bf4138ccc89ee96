import CKernels
import KerasGraph

extension Op {
  /// The opcode of an elementwise operation on floats or int32.
  func instruction(operandIsInt: Bool, operandIsBool: Bool) throws(EngineError) -> Instruction {
    switch self {
    case .unary(let function):
      guard let instruction = operandIsInt ? function.intInstruction : function.instruction else {
        throw EngineError(.unsupported(op: name, reason: "not defined for integers"))
      }
      return instruction
    case .binary(let function):
      guard let opcode = operandIsInt ? function.intOpcode : function.opcode else {
        throw EngineError(.unsupported(op: name, reason: "not defined for integers"))
      }
      return Instruction(opcode)
    case .compare(let comparison): return Instruction(comparison.opcode(isInt: operandIsInt))
    case .select: return Instruction(KK_SELECT)
    case .cast(let target):
      if target == .bool { return Instruction(operandIsInt ? KK_INT_TO_BOOL : KK_FLOAT_TO_BOOL) }
      return Instruction(target.isHeldAsInt ? KK_FLOAT_TO_INT : KK_INT_TO_FLOAT)
    case .broadcast: return Instruction(KK_COPY)
    default: throw EngineError(.unsupported(op: name, reason: "not elementwise"))
    }
  }
}

extension Unary {
  var instruction: Instruction? {
    switch self {
    case .negate: Instruction(KK_NEGATE)
    case .absolute: Instruction(KK_ABSOLUTE)
    case .sign: Instruction(KK_SIGN)
    case .exponential: Instruction(KK_EXP)
    case .expm1: Instruction(KK_EXPM1)
    case .logarithm: Instruction(KK_LOG)
    case .log1p: Instruction(KK_LOG1P)
    case .squareRoot: Instruction(KK_SQRT)
    case .reciprocalSquareRoot: Instruction(KK_RSQRT)
    case .reciprocal: Instruction(KK_RECIPROCAL)
    case .square: Instruction(KK_SQUARE)
    case .sine: Instruction(KK_SIN)
    case .cosine: Instruction(KK_COS)
    case .tanh: Instruction(KK_TANH)
    case .sigmoid: Instruction(KK_SIGMOID)
    case .erf: Instruction(KK_ERF)
    case .floor: Instruction(KK_FLOOR)
    case .ceiling: Instruction(KK_CEILING)
    case .roundHalfToEven: Instruction(KK_ROUND)
    case .relu: Instruction(KK_RELU)
    case .softplus: Instruction(KK_SOFTPLUS)
    case .logicalNot: Instruction(KK_NOT)
    case .elu(let alpha): Instruction(KK_ELU, alpha)
    case .leakyRelu(let slope): Instruction(KK_LEAKY_RELU, slope)
    case .clip(let minimum, let maximum): Instruction(KK_CLIP, minimum, maximum)
    case .hardSigmoid(let scale, let offset): Instruction(KK_HARD_SIGMOID, scale, offset)
    case .gelu(let approximate): Instruction(approximate ? KK_GELU_TANH : KK_GELU)
    case .silu: Instruction(KK_SILU)
    case .rounded(.bfloat16): Instruction(KK_ROUND_BFLOAT16)
    case .rounded(.float16): Instruction(KK_ROUND_FLOAT16)
    case .rounded(.float8): Instruction(KK_ROUND_FLOAT8)
    }
  }

  var intInstruction: Instruction? {
    switch self {
    case .negate: Instruction(KK_INT_NEGATE)
    case .absolute: Instruction(KK_INT_ABSOLUTE)
    case .sign: Instruction(KK_INT_SIGN)
    case .square: Instruction(KK_INT_SQUARE)
    case .relu: Instruction(KK_INT_RELU)
    case .clip(let minimum, let maximum): Instruction(KK_INT_CLIP, minimum, maximum)
    case .floor, .ceiling, .roundHalfToEven: Instruction(KK_COPY)
    default: nil
    }
  }
}

extension Binary {
  var opcode: kk_opcode? {
    switch self {
    case .add: KK_ADD
    case .subtract: KK_SUBTRACT
    case .multiply: KK_MULTIPLY
    case .divide: KK_DIVIDE
    case .maximum: KK_MAXIMUM
    case .minimum: KK_MINIMUM
    case .power: KK_POWER
    case .modulo: KK_MODULO
    case .floorDivide: KK_FLOOR_DIVIDE
    case .logicalAnd: KK_AND
    case .logicalOr: KK_OR
    case .divideNoNaN: KK_DIVIDE_NO_NAN
    }
  }

  var intOpcode: kk_opcode? {
    switch self {
    case .add: KK_INT_ADD
    case .subtract: KK_INT_SUBTRACT
    case .multiply: KK_INT_MULTIPLY
    case .divide: KK_INT_DIVIDE
    case .maximum: KK_INT_MAXIMUM
    case .minimum: KK_INT_MINIMUM
    case .power: KK_INT_POWER
    case .modulo: KK_INT_MODULO
    case .floorDivide: KK_INT_FLOOR_DIVIDE
    case .divideNoNaN: KK_INT_DIVIDE_NO_NAN
    case .logicalAnd, .logicalOr: nil
    }
  }
}

extension Comparison {
  func opcode(isInt: Bool) -> kk_opcode {
    switch self {
    case .equal: isInt ? KK_INT_EQUAL : KK_EQUAL
    case .notEqual: isInt ? KK_INT_NOT_EQUAL : KK_NOT_EQUAL
    case .less: isInt ? KK_INT_LESS : KK_LESS
    case .lessOrEqual: isInt ? KK_INT_LESS_OR_EQUAL : KK_LESS_OR_EQUAL
    case .greater: isInt ? KK_INT_GREATER : KK_GREATER
    case .greaterOrEqual: isInt ? KK_INT_GREATER_OR_EQUAL : KK_GREATER_OR_EQUAL
    }
  }
}
