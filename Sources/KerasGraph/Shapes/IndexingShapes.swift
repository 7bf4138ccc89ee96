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

  func categories() throws(GraphError) -> TensorType {
    let x = try only()
    guard [.int32, .float32, .string].contains(x.dtype) else {
      throw GraphError(.dtype(op: op, expected: "an int32, float32 or string operand", found: x.dtype))
    }
    return TensorType(.int32, x.shape)
  }

  func cross(_ cross: CategoryCross) throws(GraphError) -> TensorType {
    guard let first = operands.first else { throw countError("at least 1") }
    var shape = first.shape
    for operand in operands {
      guard [.int32, .string].contains(operand.dtype) else {
        throw GraphError(.dtype(op: op, expected: "int32 or string operands", found: operand.dtype))
      }
      shape = try merged(shape, operand.shape, "categories of different shapes")
    }
    if case .hashed = cross { return TensorType(.int32, shape) }
    return TensorType(.string, shape)
  }

  func texts(size: Int?) throws(GraphError) -> TensorType {
    let x = try only()
    guard x.dtype == .string else { throw GraphError(.dtype(op: op, expected: "a string operand", found: x.dtype)) }
    guard x.shape.rank > 0 else { throw GraphError(.rank(op: op, expected: "at least 1 axis", found: x.shape)) }
    return TensorType(.int32, Shape(x.shape.dimensions.dropLast() + [size]))
  }

  func cast(_ dtype: DType) throws(GraphError) -> TensorType {
    let x = try only()
    guard (x.dtype == .string) == (dtype == .string) else {
      throw GraphError(.dtype(op: op, expected: dtype == .string ? "a string operand" : "numbers", found: x.dtype))
    }
    return TensorType(dtype, x.shape)
  }

  private func gatheredShape(table: TensorType, indices: TensorType) throws(GraphError) -> Shape {
    try axis(0, of: table)
    guard indices.dtype == .int32 else {
      throw GraphError(.dtype(op: op, expected: "int32 indices", found: indices.dtype))
    }
    return Shape(indices.shape.dimensions + table.shape.dimensions.dropFirst())
  }
}
