import KerasCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A known value during constant folding; computed in double precision and rounded when it becomes a constant.
struct ConstantTensor {
  var dtype: DType
  var shape: [Int]
  var values: [Double]

  init(dtype: DType, shape: [Int], values: [Double]) {
    self.dtype = dtype
    self.shape = shape
    self.values = values
  }

  init?(_ data: TensorData) {
    guard let values = try? data.doubles() else { return nil }
    self.init(dtype: data.dtype, shape: data.shape, values: values)
  }

  /// The tensor as it is stored in a graph, or `nil` if its type cannot be.
  var data: TensorData? { try? TensorData(shape: shape, doubles: values).converted(to: dtype) }

  /// Elements apart from each other along each axis in C order.
  static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return strides
  }

  /// The elements a strided walk over this tensor meets.
  func walked(_ shape: [Int], strides: [Int], from start: Int = 0) -> ConstantTensor {
    guard let count = checkedProduct(shape), count > 0 else {
      return ConstantTensor(dtype: dtype, shape: shape, values: [])
    }
    var result: [Double] = []
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var offset = start
    while true {
      result.append(values[offset])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += strides[axis]
        if index[axis] < shape[axis] { break }
        offset -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return ConstantTensor(dtype: dtype, shape: shape, values: result) }
    }
  }

  /// Repeated as numpy broadcasts; the shape must be one this tensor can be broadcast to.
  func broadcast(to target: [Int]) -> ConstantTensor {
    if shape == target { return self }
    let own = Self.strides(shape)
    let lead = target.count - shape.count
    let strides = target.indices.map { $0 < lead || shape[$0 - lead] == 1 ? 0 : own[$0 - lead] }
    return walked(target, strides: strides)
  }

  func transposed(_ permutation: [Int]) -> ConstantTensor {
    let own = Self.strides(shape)
    return walked(permutation.map { shape[$0] }, strides: permutation.map { own[$0] })
  }
}

extension Unary {
  /// f(x) in double precision.
  func value(at x: Double) -> Double {
    func clipped(_ x: Double, _ low: Double, _ high: Double) -> Double { x < low ? low : x > high ? high : x }
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    switch self {
    case .negate: return -x
    case .absolute: return x.magnitude
    case .sign: return x > 0 ? 1 : x < 0 ? -1 : x
    case .exponential: return exp(x)
    case .expm1: return cExpm1(x)
    case .logarithm: return log(x)
    case .log1p: return cLog1p(x)
    case .squareRoot: return x.squareRoot()
    case .reciprocalSquareRoot: return 1 / x.squareRoot()
    case .reciprocal: return 1 / x
    case .square: return x * x
    case .sine: return sin(x)
    case .cosine: return cos(x)
    case .tanh: return cTanh(x)
    case .sigmoid: return sigmoid(x)
    case .erf: return cErf(x)
    case .floor: return x.rounded(.down)
    case .ceiling: return x.rounded(.up)
    case .roundHalfToEven: return x.rounded(.toNearestOrEven)
    case .relu: return x < 0 ? 0 : x
    case .softplus: return Swift.max(x, 0) + cLog1p(exp(-x.magnitude))
    case .logicalNot: return x == 0 ? 1 : 0
    case .elu(let alpha): return x > 0 ? x : Double(alpha) * cExpm1(x)
    case .leakyRelu(let slope): return x > 0 ? x : Double(slope) * x
    case .clip(let minimum, let maximum): return clipped(x, Double(minimum), Double(maximum))
    case .hardSigmoid(let scale, let offset): return clipped(Double(scale) * x + Double(offset), 0, 1)
    case .gelu(approximate: false): return 0.5 * x * (1 + cErf(x * 0.5.squareRoot()))
    case .gelu(approximate: true):
      return 0.5 * x * (1 + cTanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .silu: return x * sigmoid(x)
    case .rounded(let format): return Double(format.rounded(Float(x)))
    }
  }
}

// Inside `Unary` the names of these C functions mean its cases.
private func cExpm1(_ x: Double) -> Double { expm1(x) }
private func cLog1p(_ x: Double) -> Double { log1p(x) }
private func cTanh(_ x: Double) -> Double { tanh(x) }
private func cErf(_ x: Double) -> Double { erf(x) }

extension Binary {
  /// f(a, b) in double precision.
  func value(at a: Double, _ b: Double) -> Double {
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    case .maximum: return a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .minimum: return a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .power: return pow(a, b)
    case .modulo:
      let remainder = fmod(a, b)
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
    case .floorDivide: return (a / b).rounded(.down)
    case .logicalAnd: return a != 0 && b != 0 ? 1 : 0
    case .logicalOr: return a != 0 || b != 0 ? 1 : 0
    case .divideNoNaN: return b == 0 ? 0 : a / b
    }
  }
}

extension Comparison {
  func holds(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }
}
