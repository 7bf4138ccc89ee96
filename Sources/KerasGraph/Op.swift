import KerasCore

/// A primitive operation of the op graph.
///
/// Layers lower to these and nothing else; the engine, the differentiation and the exporters read these and nothing
/// else. Data is channels-last and kernels are Keras' `spatial…, in, out`. Values are float32, int32, bool or string;
/// engines hold a bool as a float 0 or 1, and a string as its number in a list.
public enum Op: Sendable, Hashable {
  /// A model input; operands: none.
  case input(name: String)
  /// A trainable or non-trainable array, bound by name when a plan is made; operands: none.
  case parameter(name: String)
  case constant(TensorData)

  /// Elementwise f(x).
  case unary(Unary)
  /// Elementwise f(a, b) with numpy's broadcasting; both of one type.
  case binary(Binary)
  /// Elementwise a ⋛ b with broadcasting; the result is bool.
  case compare(Comparison)
  /// condition ? a : b, elementwise with broadcasting; operands: condition (bool), a, b.
  case select
  /// To another type; float to int cuts towards zero, anything to bool tests for non-zero.
  case cast(DType)

  /// Matrix product over the last two axes, leading axes broadcast; a rank-1 operand is not allowed.
  case matmul(transposeA: Bool, transposeB: Bool)
  /// Correlation; operands: x `(batch, spatial…, in)`, kernel `(spatial…, in / groups, out)`.
  case convolution(Convolution)
  /// The adjoint of `convolution` in x (also: transposed convolution).
  ///
  /// Operands: gradient of the result, kernel, and optionally a value whose spatial shape the result takes; without it
  /// the result's spatial shape is `outputSpatial`.
  case convolutionInputGradient(Convolution, outputSpatial: [Int]?)
  /// The adjoint of `convolution` in the kernel; operands: x, gradient of the result.
  case convolutionKernelGradient(Convolution, kernelSpatial: [Int])
  case pool(Pooling)
  /// Operands: x, result of the pooling, gradient of the result.
  case poolGradient(Pooling)

  /// Over `axes` (non-negative, ascending).
  case reduce(Reduction, axes: [Int], keepDimensions: Bool)
  /// The index of the (first) largest element along an axis, int32; the axis is dropped.
  case argMax(axis: Int)
  case softmax(axis: Int)
  case logSoftmax(axis: Int)
  /// The adjoint of `softmax`, y·(g − Σ g·y) along the axis; operands: result y of the softmax, gradient g of the result.
  case softmaxGradient(axis: Int)
  case cumulativeSum(axis: Int, reverse: Bool)

  /// Operands: x, then the values that `.ofOperand` entries name by position (1, 2 …).
  case reshape([TargetDimension])
  /// Result axis i is operand axis `permutation[i]`.
  case transpose([Int])
  /// To the shape given; operands as in `reshape`. numpy's rules.
  case broadcast([TargetDimension])
  case concatenate(axis: Int)
  /// `starts`, `limits` (exclusive) and positive `strides` per axis; a limit of `nil` means the end, negative numbers
  /// count from the end.
  case slice(starts: [Int], limits: [Int?], strides: [Int])
  /// The adjoint of `slice`: operands: gradient, a value that has the shape to fill.
  case sliceGradient(starts: [Int], limits: [Int?], strides: [Int])
  /// Surrounds with a constant: `before` and `after` per axis.
  case pad(before: [Int], after: [Int], value: Float)
  case reverse(axes: [Int])

  /// Whole rows of a table: operands: table `(rows, …)`, indices int32 of any shape; result
  /// `indices.shape + table.shape[1...]`.
  /// An index out of range is an error at run time.
  case gatherRows
  /// The adjoint of `gatherRows`: operands: gradient, indices, table (for its shape).
  case scatterAddRows
  /// 0, 1, 2 … along an axis, in the shape of the operand, int32.
  case iota(axis: Int)
  /// The size of an operand's axis as a scalar of the given type.
  case dimension(axis: Int, DType)

  /// Random numbers in the operand's shape, drawn anew at each run from the plan's seed and `stream`.
  ///
  /// Not differentiable.
  case random(RandomDistribution, stream: Int)

  /// The number of each category, int32; operand: int32, float32 (its whole part) or string.
  ///
  /// A category that has none is an error at run time.
  case lookup(CategoryLookup)
  /// The numbers of texts' tokens, int32 `(…, size)`; operand: string `(…, texts)`, each sample's texts in the last axis.
  ///
  /// Without a size the axis is as long as the longest sample's tokens: unknown until the texts are, see
  /// `Graph.unsizedTexts`.
  case encodeText(TextEncoding)
  /// The bin each category falls into, int32; operand: int32, float32 (its whole part) or string.
  case hash(CategoryHash)
  /// What categories of several operands make together, elementwise; operands of one shape: int32 or string; the result
  /// is int32 if they are hashed, string if they are joined.
  case cross(CategoryCross)

  /// A whole recurrence over time; see `Recurrence` for operands and results.
  case recurrence(Recurrence)
  /// The adjoint of `recurrence`; see `Recurrence`.
  case recurrenceGradient(Recurrence)

  /// A function of a program's own; float operands, one float result.
  case custom(CustomFunction)
  /// The adjoint of `custom`: operands: those of the function, its result, the result's gradient; a result for each of
  /// the function's operands.
  case customGradient(CustomFunction)

  /// The operand itself, through which no gradient flows.
  case stopGradient
}

/// One dimension of a shape that may depend on run-time shapes.
public enum TargetDimension: Sendable, Hashable {
  case fixed(Int)
  /// The size of axis `axis` of operand number `operand` (0 is x itself).
  case ofOperand(Int, axis: Int)
  /// What remains; at most once, `reshape` only.
  case inferred
}

public enum Unary: Sendable, Hashable {
  case negate, absolute, sign, exponential, expm1, logarithm, log1p, squareRoot, reciprocalSquareRoot, reciprocal
  case square, sine, cosine, tanh, sigmoid, erf, floor, ceiling, roundHalfToEven
  case relu, softplus
  case logicalNot
  /// x for x > 0, `alpha`·(eˣ − 1) below.
  case elu(alpha: Float)
  case leakyRelu(slope: Float)
  case clip(minimum: Float, maximum: Float)
  /// clip(scale·x + offset, 0, 1): Keras ≤ 2.15 has 0.2 and 0.5, Keras 3 has 1/6 and 0.5.
  case hardSigmoid(scale: Float, offset: Float)
  case gelu(approximate: Bool)
  /// x·sigmoid(x).
  case silu
  /// The nearest number of a narrower format; its gradient is zero.
  case rounded(FloatFormat)
}

public enum Binary: Sendable, Hashable {
  case add, subtract, multiply, divide, maximum, minimum, power
  /// Python's `%`.
  case modulo
  case floorDivide
  case logicalAnd, logicalOr
  /// x / y where y ≠ 0, else 0.
  case divideNoNaN
}

public enum Comparison: Sendable, Hashable { case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual }

public enum Reduction: Sendable, Hashable { case sum, mean, maximum, minimum, product, any, all }

/// Strides, padding and dilation per spatial axis.
public struct Convolution: Sendable, Hashable {
  public var strides: [Int]
  public var padding: Padding
  public var dilations: [Int]
  public var groups: Int

  public init(strides: [Int], padding: Padding, dilations: [Int], groups: Int = 1) {
    self.strides = strides
    self.padding = padding
    self.dilations = dilations
    self.groups = groups
  }

  public var spatialRank: Int { strides.count }
}

public struct Pooling: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case maximum
    /// Divides by the number of real elements in the window, or by the whole window.
    case average(countsPadding: Bool)
  }
  public var kind: Kind
  public var window: [Int]
  public var strides: [Int]
  public var padding: Padding

  public init(kind: Kind, window: [Int], strides: [Int], padding: Padding) {
    self.kind = kind
    self.window = window
    self.strides = strides
    self.padding = padding
  }
}

/// How a window's positions relate to the input; measured on the original releases (Theano's on 0.3.3 to 2.3.1).
public enum Padding: Sendable, Hashable {
  /// Zeros before and after each spatial axis; none is `valid`.
  case explicit(before: [Int], after: [Int])
  /// TensorFlow's and Keras 3's: ⌈n/s⌉ results, total = max((⌈n/s⌉−1)·s + k_eff − n, 0), the larger half behind.
  case same
  /// Theano's convolutions: ⌈n/s⌉ results, k_eff / 2 zeros before.
  case sameTheano
  /// Theano's pooling: ⌈n/s⌉ results; before: k − 2 for odd k > 2, else k − 1.
  case samePoolTheano

  public static func valid(_ rank: Int) -> Padding {
    .explicit(before: Array(repeating: 0, count: rank), after: Array(repeating: 0, count: rank))
  }
}

public enum RandomDistribution: Sendable, Hashable {
  /// [0, 1).
  case uniform
  /// Mean 0, standard deviation 1.
  case normal
}

/// An activation inside a recurrent cell.
public enum CellActivation: Sendable, Hashable {
  case linear
  case unary(Unary)
  case softmax
}

/// A recurrent layer over all time steps, batch-major.
///
/// Operands of `recurrence`, in this order (those marked ? only if the flag beside them is set):
/// x `(batch, time, in)`, kernel `(in, gates·units)`, recurrent kernel `(units, gates·units)`,
/// bias? `(gates·units)` or `(2, gates·units)` for a GRU with `resetAfter` (`hasBias`),
/// initial states, each `(batch, units)` (`hasInitialState`; else zero), state factors? `(batch, gates·units)`
/// (`hasStateFactors`), mask? `(batch, time)` bool (`hasMask`).
/// State factors stand for recurrent dropout: for each gate's product the state is multiplied by its share of them.
/// Results: sequence `(batch, time, units)` in the order computed (with `goBackwards` the first is the last step's),
/// then the final states (h; for an LSTM h and c).
/// A masked step repeats the previous output and keeps the states; with `zeroOutputForMask` its output is 0 instead.
/// The output of a step before any unmasked step is 0.
///
/// Gate order: LSTM i, f, c, o; GRU z, r, h. Operands of `recurrenceGradient`: all operands of `recurrence`, then its
/// results, then the gradients of its results. Results: the gradients of x, kernel, recurrent kernel, bias?, initial
/// states?; none for state factors.
public struct Recurrence: Sendable, Hashable {
  public enum Cell: Sendable, Hashable {
    case simple
    case gru(resetAfter: Bool)
    case lstm
  }
  public var cell: Cell
  public var units: Int
  public var activation: CellActivation
  public var recurrentActivation: CellActivation
  public var hasBias: Bool
  public var hasInitialState: Bool
  public var hasMask: Bool
  public var goBackwards: Bool
  public var zeroOutputForMask: Bool
  public var hasStateFactors = false

  public init(
    cell: Cell, units: Int, activation: CellActivation, recurrentActivation: CellActivation, hasBias: Bool,
    hasInitialState: Bool, hasMask: Bool, goBackwards: Bool, zeroOutputForMask: Bool
  ) {
    self.cell = cell
    self.units = units
    self.activation = activation
    self.recurrentActivation = recurrentActivation
    self.hasBias = hasBias
    self.hasInitialState = hasInitialState
    self.hasMask = hasMask
    self.goBackwards = goBackwards
    self.zeroOutputForMask = zeroOutputForMask
  }

  public var gateCount: Int {
    switch cell {
    case .simple: 1
    case .gru: 3
    case .lstm: 4
    }
  }

  public var stateCount: Int { cell == .lstm ? 2 : 1 }
}
