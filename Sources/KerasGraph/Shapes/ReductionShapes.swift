import KerasCore

extension OperandCheck {
  func reduce(_ reduction: Reduction, axes: [Int], keepDimensions: Bool) throws(GraphError) -> TensorType {
    let x = try only()
    switch reduction {
    case .any, .all: try boolean(x)
    case .mean: try floating(x)
    default: try numeric(x)
    }
    var last = -1
    for axis in axes {
      try self.axis(axis, of: x)
      guard axis > last else { throw unsupported("axes must ascend") }
      last = axis
    }
    if case .maximum = reduction { try nonEmpty(x, axes) }
    if case .minimum = reduction { try nonEmpty(x, axes) }
    var dimensions: [Int?] = []
    for axis in 0..<x.shape.rank {
      if !axes.contains(axis) {
        dimensions.append(x.shape[axis])
      } else if keepDimensions {
        dimensions.append(1)
      }
    }
    return TensorType(x.dtype, Shape(dimensions))
  }

  func argMax(_ axis: Int) throws(GraphError) -> TensorType {
    let x = try only()
    try numeric(x)
    try self.axis(axis, of: x)
    try nonEmpty(x, [axis])
    var shape = x.shape
    shape.dimensions.remove(at: axis)
    return TensorType(.int32, shape)
  }

  /// Softmax and its logarithm.
  func normalizing(axis: Int) throws(GraphError) -> TensorType {
    let x = try only()
    try floating(x)
    try self.axis(axis, of: x)
    return x
  }

  func softmaxGradient(axis: Int) throws(GraphError) -> TensorType {
    try count(2)
    let (y, g) = (operands[0], operands[1])
    try floating(y)
    try sameType(y, g)
    try self.axis(axis, of: y)
    return TensorType(y.dtype, try merged(y.shape, g.shape, "not the shape of the softmax's result"))
  }

  func cumulativeSum(_ axis: Int) throws(GraphError) -> TensorType {
    let x = try only()
    try numeric(x)
    try self.axis(axis, of: x)
    return x
  }

  private func nonEmpty(_ x: TensorType, _ axes: [Int]) throws(GraphError) {
    for axis in axes where x.shape[axis] == 0 { throw mismatch("no element to choose from", x.shape) }
  }
}
