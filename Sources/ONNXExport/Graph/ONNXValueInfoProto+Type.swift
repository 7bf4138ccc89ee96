import KerasCore
import KerasGraph

extension ONNXValueInfoProto {
  /// A named tensor; axes of unknown size have the names given, or none.
  init(
    _ name: String, _ type: TensorType, dimensionNames: [Int: String] = [:], element: ElementType? = nil
  ) {
    self.init()
    self.name = name
    self.type.tensorType.elemType = Int32((element ?? ElementType(value: type.dtype)).rawValue)
    var shape = ONNXTensorShapeProto()
    for (axis, size) in type.shape.dimensions.enumerated() {
      var dimension = ONNXTensorShapeProto.Dimension()
      if let size {
        dimension.dimValue = Int64(size)
      } else if let name = dimensionNames[axis] {
        dimension.dimParam = name
      }
      shape.dim.append(dimension)
    }
    self.type.tensorType.shape = shape
  }
}
