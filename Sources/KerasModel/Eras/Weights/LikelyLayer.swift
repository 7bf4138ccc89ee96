import KerasFile

/// The kind of layer that a group of stored arrays can belong to, from their names and shapes alone.
///
/// A guess for readers of a file without an architecture; loading never rests on it. Roles are those of spec names of every
/// era: `dense_1/kernel:0` of Keras 2, `dense_1_W` of Keras 1; sizes are read in TensorFlow's layout.
public struct LikelyLayer: Sendable, Hashable {
  /// A class name with the sizes that the shapes tell: `Dense(units=64)`.
  public let text: String

  /// `nil` for a group without arrays, and for one that no rule fits.
  public init?(_ group: WeightGroup) {
    let arrays = group.arrays.map { (role: Self.role($0.name, in: group.name), shape: $0.shape) }
    let roles = Set(arrays.map(\.role))
    func shape(_ names: String...) -> [Int]? { arrays.first { names.contains($0.role) }?.shape }
    let text: String? =
      if let recurrent = shape("recurrent_kernel", "U") {
        Self.recurrent(recurrent, bias: shape("bias", "b"), count: arrays.count { $0.role == "recurrent_kernel" })
      } else if roles.isSuperset(of: ["U_i", "U_f", "U_c", "U_o"]) {
        shape("U_i").flatMap(\.last).map { "LSTM(units=\($0))" }
      } else if roles.isSuperset(of: ["U_z", "U_r", "U_h"]) {
        shape("U_z").flatMap(\.last).map { "GRU(units=\($0))" }
      } else if let moving = shape("moving_mean", "running_mean") {
        "BatchNormalization of \(Self.sizes(moving))"
      } else if let table = shape("embeddings"), table.count == 2 {
        "Embedding(input_dim=\(table[0]), output_dim=\(table[1]))"
      } else if let depthwise = shape("depthwise_kernel") {
        Self.depthwise(depthwise, pointwise: shape("pointwise_kernel"))
      } else if roles.contains("gamma") || roles.contains("beta"), arrays.allSatisfy({ $0.shape.count == 1 }) {
        "a normalization of \(Self.sizes(arrays[0].shape))"
      } else if let alpha = shape("alpha", "alphas") {
        "PReLU of \(Self.sizes(alpha))"
      } else if let kernel = shape("kernel", "W") {
        Self.kernel(kernel, hasBias: arrays.count > 1)
      } else {
        nil
      }
    guard let text else { return nil }
    self.text = text
  }

  /// The variable's name in an array's: `kernel` of `dense_1/kernel:0`, `W` of `dense_1_W`.
  private static func role(_ name: String, in group: String) -> String {
    var role = name.split(separator: "/").last.map(String.init) ?? name
    if let colon = role.firstIndex(of: ":") { role = String(role[..<colon]) }
    if role.hasPrefix(group + "_") { return String(role.dropFirst(group.count + 1)) }
    // Keras 2 numbers equal names of one layer: `kernel_1`.
    let parts = role.split(separator: "_")
    if parts.count > 1, parts[parts.count - 1].allSatisfy(\.isNumber) {
      role = parts.dropLast().joined(separator: "_")
    }
    return role
  }

  private static func sizes(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }

  private static func recurrent(_ kernel: [Int], bias: [Int]?, count: Int) -> String? {
    guard kernel.count >= 2, let units = kernel.dropLast().last, units > 0, let width = kernel.last else { return nil }
    if kernel.count > 2 {
      return "ConvLSTM\(kernel.count - 2)D(filters=\(units), kernel_size=\(sizes(Array(kernel.dropLast(2)))))"
    }
    let inner: String? =
      switch width / units {
      case 1: "SimpleRNN(units=\(units))"
      case 3: "GRU(units=\(units), reset_after=\(bias?.count == 2 || bias == [6 * units] ? "True" : "False"))"
      // CuDNN's has a bias for each of the two kernels.
      case 4: "\(bias == [8 * units] ? "CuDNN" : "")LSTM(units=\(units))"
      default: nil
      }
    guard let inner, width % units == 0 else { return nil }
    return count == 2 ? "Bidirectional(\(inner))" : inner
  }

  private static func depthwise(_ kernel: [Int], pointwise: [Int]?) -> String? {
    guard kernel.count >= 3 else { return nil }
    let rank = kernel.count - 2
    let window = sizes(Array(kernel.prefix(rank)))
    guard let filters = pointwise?.last else { return "DepthwiseConv\(rank)D(kernel_size=\(window))" }
    return "SeparableConv\(rank)D(filters=\(filters), kernel_size=\(window))"
  }

  private static func kernel(_ kernel: [Int], hasBias: Bool) -> String? {
    guard let last = kernel.last else { return nil }
    let bias = hasBias ? "" : ", use_bias=False"
    switch kernel.count {
    case 2:
      // Keras 1 calls an Embedding's table W too.
      let table = "Embedding(input_dim=\(kernel[0]), output_dim=\(last)) or "
      return (hasBias ? "" : table) + "Dense(units=\(last)\(bias))"
    case 3...5:
      return "Conv\(kernel.count - 2)D(filters=\(last), kernel_size=\(sizes(Array(kernel.dropLast(2))))\(bias))"
    default: return nil
    }
  }
}
