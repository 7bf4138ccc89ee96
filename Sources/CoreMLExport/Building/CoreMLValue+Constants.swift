import Foundation
import KerasCore
import KerasGraph

extension CoreMLValue {
  /// A text of an operation: a name, a mode.
  init(_ text: String) {
    self.init()
    type = TensorType(.string, .scalar).proto
    immediateValue.tensor.strings.values = [text]
  }

  /// Numbers that stand in the program itself.
  ///
  /// Throws `TensorDataError` for texts.
  init(_ data: TensorData) throws(TensorDataError) {
    self.init()
    type = TensorType(data.dtype, Shape(data.shape)).proto
    switch data.dtype {
    case .bool: immediateValue.tensor.bools.values = data.bytes.map { $0 != 0 }
    case .float16, .int8: immediateValue.tensor.bytes.values = Data(data.bytes)
    case .float32: immediateValue.tensor.floats.values = try data.floats()
    default: immediateValue.tensor.ints.values = try data.int32s()
    }
  }

  /// Numbers in the file of weights, at a place that `WeightFile` gave.
  init(_ type: TensorType, at offset: Int) {
    self.init()
    self.type = type.proto
    blobFileValue.fileName = "@model_path/weights/weight.bin"
    blobFileValue.offset = UInt64(clamping: offset)
  }
}
