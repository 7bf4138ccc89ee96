import KerasCore
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// A layer run by real Keras on weights and inputs of a simple pattern, and what came out.
struct RecordedLayerCase: Sendable, CustomTestStringConvertible {
  let className: String
  let config: JSON
  let input: [Int]
  /// Whether a Masking layer comes first and steps are masked as in `mask`.
  let masked: Bool
  let shape: [Int]
  let values: [Double]

  init(_ className: String, _ config: JSON, input: [Int], masked: Bool, _ shape: [Int], _ values: [Double]) {
    self.className = className
    self.config = config
    self.input = input
    self.masked = masked
    self.shape = shape
    self.values = values
  }

  var testDescription: String { "\(className) \(config.text())" }

  private static let mask: [Double] = [1, 1, 0, 1, 0, 1, 1, 0]

  /// ((i · multiplier) mod modulus) / 20 − 0.2 for element i.
  static func pattern(_ shape: [Int], _ multiplier: Int = 5, _ modulus: Int = 11, offset: Double = 0) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(shape, (0..<count).map { Double($0 * multiplier % modulus) / 20 - 0.2 + offset })
  }

  /// Whether the layer computes what Keras did, to single precision.
  func agrees() throws -> Bool {
    var x = Self.pattern(input, 7, 13, offset: 0.35)
    if masked {
      let width = input.dropFirst(2).reduce(1, *)
      x = Tensor(input, x.values.enumerated().map { $1 * Self.mask[$0 / width] })
    }
    var bench = try LayerBench(
      input: Array(input.dropFirst()), (masked ? [("Masking", [:])] : []) + [(className, config)])
    for parameter in try bench.network.parameterSpecs() {
      bench.parameters[parameter.name] = Self.pattern(parameter.spec.shape)
    }
    let y = try bench.run(x)
    return agree(y, shape, values, tolerance: 2e-6)
  }
}
