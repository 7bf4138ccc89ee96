import KerasCore
import KerasKit

/// How a model compares with a case.
public struct Verification: Sendable, Hashable {
  /// A layer whose outputs are not those of the case.
  public struct Divergence: Sendable, Hashable {
    public var layer: String
    /// Relative to the layer's largest output; infinite where shapes differ.
    public var difference: Double
  }

  /// The largest difference of any output, relative to that output's largest value.
  public var difference: Double
  public var tolerance: Double
  /// The first layer that diverges in the order of the computation; looked for where outputs do.
  public var firstDivergence: Divergence?
  /// Layers compared.
  public var layerCount: Int

  public var isEqual: Bool { difference <= tolerance }

  /// Compares two cases made by the same inputs: `found` with what was expected.
  ///
  /// Layers are compared where both have one of that path with as many outputs of the same shapes: a converted model may
  /// say a layer in several.
  public static func compare(_ expected: VerificationCase, _ found: VerificationCase, tolerance: Double) -> Verification
  {
    var largest = expected.outputs.count == found.outputs.count ? 0.0 : .infinity
    for (a, b) in zip(expected.outputs, found.outputs) { largest = max(largest, a.digest.difference(from: b.digest)) }
    let others = Dictionary(found.layers.map { ($0.path, $0.digests) }, uniquingKeysWith: { first, _ in first })
    var (count, first) = (0, Divergence?.none)
    for layer in expected.layers {
      guard let other = others[layer.path], other.count == layer.digests.count, !other.isEmpty else { continue }
      count += 1
      let difference = zip(layer.digests, other).map { $0.difference(from: $1) }.max() ?? 0
      if first == nil, !(difference <= tolerance) { first = Divergence(layer: layer.path, difference: difference) }
    }
    return Verification(difference: largest, tolerance: tolerance, firstDivergence: first, layerCount: count)
  }
}
