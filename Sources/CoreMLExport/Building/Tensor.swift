import KerasCore
import KerasGraph

/// A named value of the program; unknown axes are those of the inputs that may have any size.
struct Tensor: Hashable {
  let name: String
  let type: TensorType

  var shape: Shape { type.shape }
  var dtype: DType { type.dtype }
  var rank: Int { type.shape.rank }
}

extension TensorType {
  /// Floats as float32, whole numbers as int32: the types that values of the graph have in the program.
  var plain: TensorType {
    TensorType(dtype.isFloatingPoint ? .float32 : dtype.isInteger ? .int32 : dtype, shape)
  }

  var proto: CoreMLValueType {
    var proto = CoreMLValueType()
    proto.tensorType.dataType =
      switch dtype {
      case .bool: .bool
      case .string: .string
      case .float16: .float16
      case .int8: .int8
      default: dtype.isFloatingPoint ? .float32 : .int32
      }
    proto.tensorType.rank = Int64(shape.rank)
    proto.tensorType.dimensions = shape.dimensions.map { size in
      var dimension = CoreMLDimension()
      if let size { dimension.constant.size = UInt64(clamping: size) } else { dimension.unknown.variadic = false }
      return dimension
    }
    return proto
  }
}

extension CoreMLNamedValueType {
  init(_ tensor: Tensor) {
    self.init()
    (name, type) = (tensor.name, tensor.type.proto)
  }
}
