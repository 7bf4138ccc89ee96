import KerasCore

/// Recurrent weights of every era as Keras 3's kernel, recurrent kernel and bias with gates side by side.
enum RecurrentLayout {
  /// Which of Keras 1's arrays make each fused one, in Keras 3's gate order.
  static let lstmGates = [[0, 6, 3, 9], [1, 7, 4, 10], [2, 8, 5, 11]]
  static let gruGates = [[0, 3, 6], [1, 4, 7], [2, 5, 8]]

  /// The fused arrays' parts, if `count` arrays of a class are kept gate by gate.
  static func separateGates(className: String, count: Int) -> [[Int]]? {
    let base = className.hasSuffix("Cell") ? String(className.dropLast(4)) : className
    return switch (base, count) {
    case ("LSTM", 12), ("ConvLSTM2D", 12): lstmGates
    case ("GRU", 9): gruGates
    default: nil
    }
  }

  /// Converts CuDNN's kernel: every gate's block lies by columns.
  static func kernelFromCuDNN(_ kernel: TensorData, gates: Int) throws(TensorDataError) -> TensorData {
    var blocks: [TensorData] = []
    for block in try kernel.split(gates) { blocks.append(try block.refilledByColumns()) }
    return try TensorData.concatenated(blocks)
  }

  /// Converts CuDNN's recurrent kernel: every gate's block is transposed.
  static func recurrentFromCuDNN(_ kernel: TensorData, gates: Int) throws(TensorDataError) -> TensorData {
    var blocks: [TensorData] = []
    for block in try kernel.split(gates) { blocks.append(try block.transposed([1, 0])) }
    return try TensorData.concatenated(blocks)
  }

  /// CuDNN's LSTM has two biases that are only ever added.
  static func lstmBiasFromCuDNN(_ bias: TensorData) throws(TensorDataError) -> TensorData {
    let halves = try bias.split(2)
    let first = try halves[0].doubles()
    let second = try halves[1].doubles()
    return try TensorData(shape: halves[0].shape, doubles: zip(first, second).map { $0 + $1 }).converted(to: bias.dtype)
  }
}
