import KerasCore

/// One number for all channels or one for each: what scales and shifts are made of.
struct ChannelVector: Equatable {
  var values: [Double]

  static let one = ChannelVector(values: [1])
  static let zero = ChannelVector(values: [0])

  init(values: [Double]) { self.values = values }

  /// A tensor whose axes but the last are 1, to be applied to data whose last axes, as given, are its channels.
  init?(_ tensor: ConstantTensor, axes: [Int?]) {
    guard tensor.dtype == .float32, tensor.shape.dropLast(axes.count).allSatisfy({ $0 == 1 }) else { return nil }
    let own = tensor.shape.suffix(axes.count)
    let count = own.reduce(1, *)
    guard count == 1 || own.map({ $0 }) == axes, count > 0, tensor.values.count == count else { return nil }
    values = tensor.values
  }

  var isOne: Bool { values.allSatisfy { $0 == 1 } }
  var isZero: Bool { values.allSatisfy { $0 == 0 } }
  var isFinite: Bool { values.allSatisfy { $0.isFinite && Float($0).isFinite } }
  var largest: Double { values.reduce(0) { max($0, $1.magnitude) } }

  subscript(channel: Int) -> Double { values.count == 1 ? values[0] : values[channel] }

  func combined(_ other: ChannelVector, _ function: (Double, Double) -> Double) -> ChannelVector {
    ChannelVector(values: (0..<max(values.count, other.values.count)).map { function(self[$0], other[$0]) })
  }

  /// As a float32 constant that broadcasts along the last axis.
  var data: TensorData? {
    try? TensorData(shape: values.count == 1 ? [] : [values.count], floats: values.map { Float($0) })
  }
}
