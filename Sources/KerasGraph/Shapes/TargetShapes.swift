import KerasCore

extension OperandCheck {
  func reshape(_ target: [TargetDimension]) throws(GraphError) -> TensorType {
    let x = try first()
    var dimensions = try targetDimensions(target)
    guard target.count(where: { $0 == .inferred }) <= 1 else {
      throw unsupported("only one dimension can be inferred")
    }
    // Dimensions of x that are carried over cancel out of the equation of the element counts, whether unknown or 0.
    var rest = Set(0..<x.shape.rank)
    var others: [Int?] = []
    var open: [Int] = []
    for index in target.indices {
      if case .ofOperand(0, let axis) = target[index], rest.remove(axis) != nil { continue }
      if dimensions[index] == nil { open.append(index) } else { others.append(dimensions[index]) }
    }
    let sizes = rest.map { x.shape[$0] }
    guard !sizes.contains(nil) else { return TensorType(x.dtype, Shape(dimensions)) }

    guard let count = checkedProduct(sizes.compactMap { $0 }), let known = checkedProduct(others.compactMap { $0 })
    else {
      throw unsupported("the shape is too large")
    }
    if open.count == 1 {
      guard known > 0 ? count % known == 0 : count == 0 else {
        throw mismatch("\(count) elements do not divide into the target", x.shape, Shape(dimensions))
      }
      dimensions[open[0]] = known > 0 ? count / known : 0
    } else if open.isEmpty, count != known {
      throw mismatch("the numbers of elements differ", x.shape, Shape(dimensions))
    }
    return TensorType(x.dtype, Shape(dimensions))
  }

  func broadcast(_ target: [TargetDimension]) throws(GraphError) -> TensorType {
    let x = try first()
    guard !target.contains(.inferred) else { throw unsupported("a broadcast has no inferred dimension") }
    var dimensions = try targetDimensions(target)
    let lead = dimensions.count - x.shape.rank
    guard lead >= 0 else { throw mismatch("the target has fewer axes", x.shape, Shape(dimensions)) }
    for axis in 0..<x.shape.rank {
      guard let size = x.shape[axis], size != 1 else { continue }
      dimensions[lead + axis] = try merged(
        dimensions[lead + axis], size, "cannot be broadcast", x.shape, Shape(dimensions))
    }
    return TensorType(x.dtype, Shape(dimensions))
  }

  private func first() throws(GraphError) -> TensorType {
    guard let x = operands.first else { throw countError("at least 1") }
    return x
  }

  private func targetDimensions(_ target: [TargetDimension]) throws(GraphError) -> [Int?] {
    var dimensions: [Int?] = []
    for entry in target {
      switch entry {
      case .fixed(let size):
        guard size >= 0 else { throw unsupported("a dimension is negative") }
        dimensions.append(size)
      case .ofOperand(let operand, let axis):
        guard operands.indices.contains(operand) else { throw countError("at least \(operand + 1)") }
        try self.axis(axis, of: operands[operand])
        dimensions.append(operands[operand].shape[axis])
      case .inferred: dimensions.append(nil)
      }
    }
    return dimensions
  }
}
