import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Fresh values of variables by Keras' initializers, for those that no stored array fills.
///
/// Distributions, fans and scales are Keras 3's; the random numbers are this program's own, by seed and name.
public enum InitialValue {
  /// The value of a variable of that shape; zeros where the initializer is none or unknown.
  public static func make(
    _ initializer: JSON, shape: [Int], name: String, seed: UInt64
  ) throws(TensorDataError) -> TensorData {
    let className = initializer["class_name"]?.stringValue ?? initializer.stringValue ?? ""
    let config = initializer["config"] ?? [:]
    guard let count = checkedProduct(shape) else { throw .notNumeric(shape: shape) }
    var random = SeededNumbers(seed: config["seed"]?.intValue.map { UInt64(bitPattern: Int64($0)) } ?? seed, name: name)
    func number(_ key: String, _ standard: Double) -> Double { config[key]?.doubleValue ?? standard }
    let values: [Double]
    switch className.lowercased().replacing("_", with: "") {
    case "ones", "one": values = Array(repeating: 1, count: count)
    case "constant": values = Array(repeating: number("value", 0), count: count)
    case "randomuniform", "uniform":
      let (low, high) = (number("minval", -0.05), number("maxval", 0.05))
      values = (0..<count).map { _ in low + (high - low) * random.uniform() }
    case "randomnormal", "normal":
      let (mean, deviation) = (number("mean", 0), number("stddev", 0.05))
      values = (0..<count).map { _ in mean + deviation * random.normal() }
    case "truncatednormal":
      let (mean, deviation) = (number("mean", 0), number("stddev", 0.05))
      values = (0..<count).map { _ in mean + deviation * random.truncatedNormal() }
    case "identity":
      let gain = number("gain", 1)
      let width = shape.last ?? 1
      values = (0..<count).map { width > 0 && $0 / width == $0 % width ? gain : 0 }
    case "orthogonal", "orthogonalinitializer":
      values = orthogonal(shape, gain: number("gain", 1), &random)
    case let name:
      guard let (mode, distribution, scale) = scaling(name, config) else {
        values = Array(repeating: 0, count: count)
        break
      }
      let (fanIn, fanOut) = fans(shape)
      let fan = mode == "fan_in" ? fanIn : mode == "fan_out" ? fanOut : (fanIn + fanOut) / 2
      let variance = scale / max(1, fan)
      values = (0..<count).map { _ in
        switch distribution {
        case "uniform": (2 * random.uniform() - 1) * (3 * variance).squareRoot()
        case "untruncated_normal": random.normal() * variance.squareRoot()
        // The deviation of a standard normal cut at two deviations.
        default: random.truncatedNormal() * variance.squareRoot() / 0.87962566103423978
        }
      }
    }
    return try TensorData(shape: shape, floats: values.map { Float($0) })
  }

  /// Mode, distribution and scale of the initializers that scale by the fans.
  private static func scaling(_ name: String, _ config: JSON) -> (mode: String, distribution: String, scale: Double)? {
    switch name {
    case "glorotuniform", "xavieruniform": ("fan_avg", "uniform", 1)
    case "glorotnormal", "xaviernormal": ("fan_avg", "normal", 1)
    case "heuniform": ("fan_in", "uniform", 2)
    case "henormal": ("fan_in", "normal", 2)
    case "lecununiform": ("fan_in", "uniform", 1)
    case "lecunnormal": ("fan_in", "normal", 1)
    case "variancescaling":
      (
        config["mode"]?.stringValue ?? "fan_in", config["distribution"]?.stringValue ?? "truncated_normal",
        config["scale"]?.doubleValue ?? 1
      )
    default: nil
    }
  }

  /// Keras 3's `compute_fans`.
  static func fans(_ shape: [Int]) -> (in: Double, out: Double) {
    switch shape.count {
    case 0: return (1, 1)
    case 1: return (Double(shape[0]), Double(shape[0]))
    default:
      let field = shape.dropLast(2).reduce(1.0) { $0 * Double($1) }
      return (field * Double(shape[shape.count - 2]), field * Double(shape[shape.count - 1]))
    }
  }

  /// Rows (or columns, of which there are fewer) that are orthonormal, times `gain`.
  private static func orthogonal(_ shape: [Int], gain: Double, _ random: inout SeededNumbers) -> [Double] {
    let columns = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    let isTall = rows > columns
    let (count, length) = isTall ? (columns, rows) : (rows, columns)
    var vectors: [[Double]] = []
    for _ in 0..<count {
      var vector = (0..<length).map { _ in random.normal() }
      // Twice: once loses orthogonality by rounding.
      for _ in 0..<2 {
        for other in vectors {
          let product = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
          for index in 0..<length { vector[index] -= product * other[index] }
        }
      }
      let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vectors.append(norm > 0 ? vector.map { $0 / norm } : vector)
    }
    return (0..<rows * columns).map { index in
      let (row, column) = (index / max(1, columns), index % max(1, columns))
      return gain * (isTall ? vectors[column][row] : vectors[row][column])
    }
  }
}

/// Numbers seeded by a number and a name, so that each variable has its own sequence.
private struct SeededNumbers {
  private var generator: SplitMix64

  init(seed: UInt64, name: String) {
    generator = SplitMix64(
      state: name.utf8.reduce(seed &+ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
  }

  /// In [0, 1).
  mutating func uniform() -> Double { generator.uniform() }

  /// Marsaglia's polar method.
  mutating func normal() -> Double {
    while true {
      let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
      let square = x * x + y * y
      if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  mutating func truncatedNormal() -> Double {
    while true {
      let value = normal()
      if value.magnitude <= 2 { return value }
    }
  }
}
