import KerasCore
import KerasGraph

extension Interpolation {
  /// The taps as a matrix `(target, source)`, row by row.
  fileprivate func matrix(from source: Int, to target: Int, antialias: Bool) -> [Float] {
    var matrix = [Float](repeating: 0, count: source * target)
    for (row, taps) in taps(from: source, to: target, antialias: antialias).enumerated() {
      for tap in taps { matrix[row * source + tap.index] += tap.weight }
    }
    return matrix
  }
}

extension LoweringContext {
  /// A channels-last image `(batch, rows, columns, channels)` resampled along axis 1 or 2, whose size must be known.
  mutating func resampled(
    _ x: Value, axis: Int, to target: Int, _ interpolation: Interpolation, antialias: Bool = false
  ) throws(ModelError) -> Value {
    // Far beyond any image, and below what a config could have this program set aside.
    guard (1..<1 << 20).contains(target) else {
      throw ModelError(.unsupported("an image resized to \(target) rows or columns"))
    }
    guard let source = try shape(x)[shape(x).axis(axis)] else {
      guard !antialias else { throw ModelError(.inputShape(expected: "a known size of axis \(axis)", found: shape(x))) }
      let carrier = try Self.data { () throws(TensorDataError) in
        try TensorData(shape: [target], floats: Array(repeating: 0, count: target))
      }
      return try resampled(x, axis: axis, toSizeOf: constant(carrier), interpolation)
    }
    guard source > 0, let elements = checkedProduct([source, target]), elements <= 1 << 26 else {
      throw ModelError(.inputShape(expected: "a smaller image to interpolate", found: shape(x)))
    }
    let data: TensorData
    do {
      data = try TensorData(
        shape: [target, source], floats: interpolation.matrix(from: source, to: target, antialias: antialias))
    } catch {
      throw ModelError(.unsupported(error.description))
    }
    let matrix = constant(data)
    if axis == 2 { return try op(.matmul(transposeA: false, transposeB: false), matrix, x) }
    let sizes = dimensions(of: x)
    let flat = try op(.reshape([sizes[0], sizes[1], .inferred]), x)
    let product = try op(.matmul(transposeA: false, transposeB: false), matrix, flat)
    let rest = dimensions(of: x, operand: 1)
    return try op(.reshape([.ofOperand(0, axis: 0), .fixed(target), rest[2], rest[3]]), product, x)
  }
}

extension ConfigReader {
  mutating func interpolation(
    _ known: [Interpolation], default standard: Interpolation
  ) throws(ModelError) -> Interpolation {
    let text = try choice("interpolation", known.map(\.rawValue), default: standard.rawValue)
    return Interpolation(rawValue: text) ?? standard
  }
}
