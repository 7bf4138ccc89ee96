import KerasCore
import KerasDiff
import KerasModel

/// How far what a layer puts out in one model lies from what its partner puts out in the other.
public struct LayerDifference: Sendable, Hashable {
  /// Names from the outer model on: `encoder/dense_1`.
  public var pathA: String
  public var pathB: String
  public var className: String
  /// The largest difference, relative to A's largest output; infinite where shapes or numbers of calls differ.
  public var relative: Double
  /// Whether every sample holds the same numbers, within float32's rounding, in another order.
  public var isReordered: Bool
  /// The model whose values are zero wherever the two differ, `A` or `B`: masked steps that only one of them empties.
  public var zeroSide: String?

  /// Runs both models on arrays in the order of their inputs and compares the layers that `diff` matched.
  ///
  /// In the order of A's computation; a few samples are held at once. Throws what predicting throws.
  public static func between(
    _ a: Model, _ b: Model, on arrays: [TensorData], matchedBy diff: ModelDiff, blockSize: Int = 8
  ) throws(KerasKitError) -> [LayerDifference] {
    let partners = Dictionary(
      diff.layers.compactMap { layer in layer.pathA.flatMap { own in layer.pathB.map { (own, $0) } } },
      uniquingKeysWith: { first, _ in first })
    let fixed = (a.inputs + b.inputs).lazy.compactMap { $0.shape.dimensions.first.flatMap { $0 } }.first
    let count = arrays.first?.shape.first ?? 0
    let block = max(fixed ?? blockSize, 1)
    var places: [String: Int] = [:]
    var measured: [(layer: LayerDifference, comparison: ValueComparison)] = []
    for start in stride(from: 0, to: count, by: block) where fixed == nil || start + block <= count {
      let part = try KerasKitError.wrap {
        try arrays.map { try $0.rows(start..<min(start + block, count)) }
      }
      let own = try a.layerOutputs(part)
      let other = Dictionary(
        try b.layerOutputs(part).map { ($0.path, $0.arrays) }, uniquingKeysWith: { first, _ in first })
      for layer in own where !layer.arrays.isEmpty {
        guard let partner = partners[layer.path], let values = other[partner] else { continue }
        let place = places[layer.path] ?? measured.count
        if place == measured.count {
          places[layer.path] = place
          measured.append(
            (
              LayerDifference(
                pathA: layer.path, pathB: partner, className: layer.className, relative: 0, isReordered: false),
              ValueComparison()
            ))
        }
        try KerasKitError.wrap { try measured[place].comparison.add(layer.arrays, values) }
      }
    }
    return measured.map { layer, comparison in
      var layer = layer
      layer.relative = comparison.relative
      layer.isReordered = comparison.isReordered
      layer.zeroSide = comparison.zeroSide
      return layer
    }
  }
}

/// Differences of two series of arrays.
private struct ValueComparison {
  private var largest = 0.0
  private var scale = 1e-6
  private var differsWithoutZero = (a: false, b: false)
  private var hasSameNumbers = true

  var relative: Double { largest / scale }
  var isReordered: Bool { largest > 1e-5 * scale && hasSameNumbers }
  var zeroSide: String? {
    guard largest > 1e-5 * scale, largest.isFinite, differsWithoutZero.a != differsWithoutZero.b else { return nil }
    return differsWithoutZero.a ? "B" : "A"
  }

  mutating func add(_ a: [TensorData], _ b: [TensorData]) throws(TensorDataError) {
    guard a.map(\.shape) == b.map(\.shape) else {
      (largest, hasSameNumbers) = (.infinity, false)
      return
    }
    for (x, y) in zip(a, b) {
      let (p, q) = (try x.floats(), try y.floats())
      for value in p where value.isFinite { scale = max(scale, Double(value.magnitude)) }
      var isFar = false
      for (x, y) in zip(p, q) where !(x == y || x.isNaN && y.isNaN) {
        let distance = Double((x - y).magnitude)
        largest = max(largest, distance.isNaN ? .infinity : distance)
        guard !(distance <= 1e-5 * scale) else { continue }
        isFar = true
        if x != 0 { differsWithoutZero.a = true }
        if y != 0 { differsWithoutZero.b = true }
      }
      if isFar { hasSameNumbers = hasSameNumbers && holdsSameNumbers(p, q, samples: max(x.shape.first ?? 1, 1)) }
    }
  }

  private func holdsSameNumbers(_ p: [Float], _ q: [Float], samples: Int) -> Bool {
    let width = p.count / samples
    return (0..<samples).allSatisfy { sample in
      let range = sample * width..<(sample + 1) * width
      return zip(p[range].sorted(), q[range].sorted()).allSatisfy { Double(($0 - $1).magnitude) <= 1e-5 * scale }
    }
  }
}
