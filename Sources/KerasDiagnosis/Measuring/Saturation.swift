#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which part of a layer's outputs lies where its activation is flat.
public struct Saturation: Sendable, Hashable {
  /// The function as Keras names it.
  public var activation: String
  /// At the lower tail: below 0.01 of a sigmoid, below −0.99 of a tanh, 0 of a hard sigmoid, a relu or a relu6.
  public var low: Double
  /// At the upper tail; 0 where there is none.
  public var high: Double
  /// Of a softmax instead: the mean entropy, 1 where all classes are as likely and 0 where one has it all.
  public var entropy: Double?

  public var share: Double { low + high }
}

/// Counts outputs at the tails of an activation.
struct SaturationCount: Sendable {
  let activation: TracedActivation
  private var count = 0
  private var low = 0
  private var high = 0
  private var entropy = 0.0
  private var rows = 0

  init(_ activation: TracedActivation) { self.activation = activation }

  mutating func add(_ values: UnsafeBufferPointer<Float>, _ shape: [Int]) {
    if case .softmax(let axis) = activation { return addEntropy(values, shape, axis: axis) }
    guard let tails = activation.outputTails else { return }
    for value in values where value.isFinite {
      count += 1
      if tails.isLow(value) { low += 1 } else if tails.isHigh(value) { high += 1 }
    }
  }

  private mutating func addEntropy(_ values: UnsafeBufferPointer<Float>, _ shape: [Int], axis: Int) {
    let layout = UnitLayout(shape, axis: axis)
    guard layout.units > 1, values.count == layout.count else { return }
    for outer in 0..<layout.outer {
      for inner in 0..<layout.inner {
        var sum = 0.0
        for unit in 0..<layout.units {
          let value = Double(values[(outer * layout.units + unit) * layout.inner + inner])
          if value > 0 { sum -= value * log(value) }
        }
        guard sum.isFinite else { continue }
        entropy += sum / log(Double(layout.units))
        rows += 1
      }
    }
  }

  var result: Saturation? {
    if case .softmax = activation {
      guard rows > 0 else { return nil }
      return Saturation(activation: activation.name, low: 0, high: 0, entropy: entropy / Double(rows))
    }
    guard count > 0, activation.outputTails != nil else { return nil }
    return Saturation(
      activation: activation.name, low: Double(low) / Double(count), high: Double(high) / Double(count))
  }
}
