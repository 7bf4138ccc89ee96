import KerasGraph

/// The cases of `Op` without their attributes; a new case of `Op` does not compile here before it has its own kind.
enum OpKind: CaseIterable {
  case input, parameter, constant, unary, binary, compare, select, cast, matmul, convolution
  case convolutionInputGradient, convolutionKernelGradient, pool, poolGradient, reduce, argMax, softmax, logSoftmax
  case softmaxGradient, cumulativeSum, reshape, transpose, broadcast, concatenate, slice, sliceGradient, pad, reverse
  case gatherRows, scatterAddRows, iota, dimension, random, recurrence, recurrenceGradient, stopGradient
  case lookup, hash, cross, encodeText, custom, customGradient

  /// Leaves, piecewise constant results, random numbers, and adjoints whose own gradient is not offered.
  static let withoutGradient: Set<OpKind> = [
    .input, .parameter, .constant, .compare, .argMax, .iota, .dimension, .random, .recurrenceGradient, .stopGradient,
    .lookup, .hash, .cross, .encodeText, .customGradient,
  ]

  init(_ op: Op) {
    self =
      switch op {
      case .input: .input
      case .parameter: .parameter
      case .constant: .constant
      case .unary: .unary
      case .binary: .binary
      case .compare: .compare
      case .select: .select
      case .cast: .cast
      case .matmul: .matmul
      case .convolution: .convolution
      case .convolutionInputGradient: .convolutionInputGradient
      case .convolutionKernelGradient: .convolutionKernelGradient
      case .pool: .pool
      case .poolGradient: .poolGradient
      case .reduce: .reduce
      case .argMax: .argMax
      case .softmax: .softmax
      case .logSoftmax: .logSoftmax
      case .softmaxGradient: .softmaxGradient
      case .cumulativeSum: .cumulativeSum
      case .reshape: .reshape
      case .transpose: .transpose
      case .broadcast: .broadcast
      case .concatenate: .concatenate
      case .slice: .slice
      case .sliceGradient: .sliceGradient
      case .pad: .pad
      case .reverse: .reverse
      case .gatherRows: .gatherRows
      case .scatterAddRows: .scatterAddRows
      case .iota: .iota
      case .dimension: .dimension
      case .random: .random
      case .lookup: .lookup
      case .hash: .hash
      case .cross: .cross
      case .encodeText: .encodeText
      case .recurrence: .recurrence
      case .recurrenceGradient: .recurrenceGradient
      case .stopGradient: .stopGradient
      case .custom: .custom
      case .customGradient: .customGradient
      }
  }
}

enum UnaryKind: CaseIterable {
  case negate, absolute, sign, exponential, expm1, logarithm, log1p, squareRoot, reciprocalSquareRoot, reciprocal
  case square, sine, cosine, tanh, sigmoid, erf, floor, ceiling, roundHalfToEven, relu, softplus, logicalNot, elu
  case leakyRelu, clip, hardSigmoid, gelu, silu, rounded

  static let withoutGradient: Set<UnaryKind> = [.sign, .floor, .ceiling, .roundHalfToEven, .logicalNot, .rounded]

  init(_ function: Unary) {
    self =
      switch function {
      case .negate: .negate
      case .absolute: .absolute
      case .sign: .sign
      case .exponential: .exponential
      case .expm1: .expm1
      case .logarithm: .logarithm
      case .log1p: .log1p
      case .squareRoot: .squareRoot
      case .reciprocalSquareRoot: .reciprocalSquareRoot
      case .reciprocal: .reciprocal
      case .square: .square
      case .sine: .sine
      case .cosine: .cosine
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .erf: .erf
      case .floor: .floor
      case .ceiling: .ceiling
      case .roundHalfToEven: .roundHalfToEven
      case .relu: .relu
      case .softplus: .softplus
      case .logicalNot: .logicalNot
      case .elu: .elu
      case .leakyRelu: .leakyRelu
      case .clip: .clip
      case .hardSigmoid: .hardSigmoid
      case .gelu: .gelu
      case .silu: .silu
      case .rounded: .rounded
      }
  }
}

enum BinaryKind: CaseIterable {
  case add, subtract, multiply, divide, maximum, minimum, power, modulo, floorDivide, logicalAnd, logicalOr, divideNoNaN

  static let withoutGradient: Set<BinaryKind> = [.floorDivide, .logicalAnd, .logicalOr]

  init(_ function: Binary) {
    self =
      switch function {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      case .power: .power
      case .modulo: .modulo
      case .floorDivide: .floorDivide
      case .logicalAnd: .logicalAnd
      case .logicalOr: .logicalOr
      case .divideNoNaN: .divideNoNaN
      }
  }
}

enum ReductionKind: CaseIterable {
  case sum, mean, maximum, minimum, product, any, all

  static let withoutGradient: Set<ReductionKind> = [.any, .all]

  init(_ reduction: Reduction) {
    self =
      switch reduction {
      case .sum: .sum
      case .mean: .mean
      case .maximum: .maximum
      case .minimum: .minimum
      case .product: .product
      case .any: .any
      case .all: .all
      }
  }
}
