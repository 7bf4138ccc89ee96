import KerasCore

extension OperandCheck {
  func matmul(_ transposeA: Bool, _ transposeB: Bool) throws(GraphError) -> TensorType {
    try count(2)
    let (a, b) = (operands[0], operands[1])
    try floating(a)
    try sameType(a, b)
    for type in operands where type.shape.rank < 2 {
      throw GraphError(.rank(op: op, expected: "operands of rank 2 or more", found: type.shape))
    }
    let (rankA, rankB) = (a.shape.rank, b.shape.rank)
    let rows = a.shape[transposeA ? rankA - 1 : rankA - 2]
    let innerA = a.shape[transposeA ? rankA - 2 : rankA - 1]
    let innerB = b.shape[transposeB ? rankB - 1 : rankB - 2]
    let columns = b.shape[transposeB ? rankB - 2 : rankB - 1]
    _ = try merged(innerA, innerB, "the inner dimensions differ", a.shape, b.shape)
    let leading = try broadcasted(
      Shape(Array(a.shape.dimensions.dropLast(2))), Shape(Array(b.shape.dimensions.dropLast(2))))
    return TensorType(a.dtype, Shape(leading.dimensions + [rows, columns]))
  }
}
