import KerasCore

extension OperandCheck {
  func unary(_ function: Unary) throws(GraphError) -> TensorType {
    let type = try only()
    switch function {
    case .logicalNot: try boolean(type)
    case .negate, .absolute, .sign, .square, .relu, .clip: try numeric(type)
    default: try floating(type)
    }
    return type
  }

  func binary(_ function: Binary) throws(GraphError) -> TensorType {
    try count(2)
    let (a, b) = (operands[0], operands[1])
    try sameType(a, b)
    switch function {
    case .logicalAnd, .logicalOr: try boolean(a)
    default: try numeric(a)
    }
    return TensorType(a.dtype, try broadcasted(a.shape, b.shape))
  }

  func compare() throws(GraphError) -> TensorType {
    try count(2)
    try sameType(operands[0], operands[1])
    return TensorType(.bool, try broadcasted(operands[0].shape, operands[1].shape))
  }

  func select() throws(GraphError) -> TensorType {
    try count(3)
    try boolean(operands[0])
    try sameType(operands[1], operands[2])
    let branches = try broadcasted(operands[1].shape, operands[2].shape)
    return TensorType(operands[1].dtype, try broadcasted(operands[0].shape, branches))
  }

  /// numpy's broadcasting of two shapes; an unknown dimension yields to a known one above 1.
  func broadcasted(_ a: Shape, _ b: Shape) throws(GraphError) -> Shape {
    let rank = max(a.rank, b.rank)
    var result = [Int?](repeating: nil, count: rank)
    for axis in 0..<rank {
      let x = axis < rank - a.rank ? 1 : a[axis - (rank - a.rank)]
      let y = axis < rank - b.rank ? 1 : b[axis - (rank - b.rank)]
      switch (x, y) {
      case (1, _): result[axis] = y
      case (_, 1): result[axis] = x
      case (let x?, let y?):
        guard x == y else { throw mismatch("the shapes cannot be broadcast together", a, b) }
        result[axis] = x
      default: result[axis] = x ?? y
      }
    }
    return Shape(result)
  }
}
