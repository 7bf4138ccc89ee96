import KerasCore

extension OperandCheck {
  func gatherRows() throws(GraphError) -> TensorType {
    try count(2)
    return TensorType(operands[0].dtype, try gatheredShape(table: operands[0], indices: operands[1]))
  }

  func scatterAddRows() throws(GraphError) -> TensorType {
    try count(3)
    let table = operands[2]
    try sameType(operands[0], table)
    let gathered = try gatheredShape(table: table, indices: operands[1])
    _ = try merged(gathered, operands[0].shape, "not the shape of the gathered rows")
    return table
  }

  private func gatheredShape(table: TensorType, indices: TensorType) throws(GraphError) -> Shape {
    try axis(0, of: table)
    guard indices.dtype == .int32 else {
      throw GraphError(.dtype(op: op, expected: "int32 indices", found: indices.dtype))
    }
    return Shape(indices.shape.dimensions + table.shape.dimensions.dropFirst())
  }
}
