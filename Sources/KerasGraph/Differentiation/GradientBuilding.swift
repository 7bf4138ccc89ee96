import KerasCore

/// The small steps that gradients are made of.
extension Graph {
  /// Adds an operation with one result.
  mutating func apply(_ op: Op, _ operands: Value...) throws(GraphError) -> Value { try add(op, operands)[0] }

  mutating func multiply(_ a: Value, _ b: Value) throws(GraphError) -> Value { try apply(.binary(.multiply), a, b) }

  mutating func multiply(_ a: Value, _ factor: Double) throws(GraphError) -> Value {
    try multiply(a, try scalar(factor, like: a))
  }

  mutating func plus(_ a: Value, _ term: Double) throws(GraphError) -> Value {
    try apply(.binary(.add), a, try scalar(term, like: a))
  }

  /// `constant` − a.
  mutating func minus(_ constant: Double, _ a: Value) throws(GraphError) -> Value {
    try apply(.binary(.subtract), try scalar(constant, like: a), a)
  }

  /// a where the condition holds, else 0.
  mutating func keep(_ a: Value, where condition: Value) throws(GraphError) -> Value {
    try apply(.select, condition, a, try scalar(0, like: a))
  }

  mutating func compare(_ a: Value, _ comparison: Comparison, _ threshold: Double) throws(GraphError) -> Value {
    try apply(.compare(comparison), a, try scalar(threshold, like: a))
  }

  /// A constant scalar of a value's type.
  mutating func scalar(_ value: Double, like other: Value) throws(GraphError) -> Value {
    let dtype = type(other).dtype
    do {
      return addConstant(try TensorData(shape: [], doubles: [value]).converted(to: dtype))
    } catch {
      throw GraphError(.dtype(op: "constant", expected: "a numeric type", found: dtype))
    }
  }

  /// One number in the shape of a value.
  mutating func filled(_ value: Double, like other: Value) throws(GraphError) -> Value {
    let constant = try scalar(value, like: other)
    if shape(other).rank == 0 { return constant }
    let (target, witnesses) = targetShape(of: other)
    return try add(.broadcast(target), [constant] + witnesses)[0]
  }

  /// A value's shape as the target of a `reshape` or `broadcast`, and the operands it refers to besides x.
  func targetShape(of value: Value) -> (target: [TargetDimension], witnesses: [Value]) {
    let dimensions = shape(value).dimensions
    let target = dimensions.enumerated().map { axis, size in
      size.map { TargetDimension.fixed($0) } ?? .ofOperand(1, axis: axis)
    }
    return (target, dimensions.contains(nil) ? [value] : [])
  }

  mutating func reshaped(_ a: Value, like other: Value) throws(GraphError) -> Value {
    if shape(a) == shape(other), shape(a).concrete != nil { return a }
    let (target, witnesses) = targetShape(of: other)
    return try add(.reshape(target), [a] + witnesses)[0]
  }

  mutating func broadcast(_ a: Value, like other: Value) throws(GraphError) -> Value {
    let (target, witnesses) = targetShape(of: other)
    return try add(.broadcast(target), [a] + witnesses)[0]
  }

  /// The adjoint of broadcasting `operand` to the shape of `gradient`: sums over the axes it was repeated along.
  mutating func summed(_ gradient: Value, to operand: Value) throws(GraphError) -> Value {
    let (from, to) = (shape(gradient), shape(operand))
    let lead = from.rank - to.rank
    let leading = Array(0..<lead)
    let repeated = (lead..<from.rank).filter { to[$0 - lead] == 1 && from[$0] != 1 }
    if repeated.isEmpty {
      return lead == 0 ? gradient : try apply(.reduce(.sum, axes: leading, keepDimensions: false), gradient)
    }
    if lead == 0 { return try apply(.reduce(.sum, axes: repeated, keepDimensions: true), gradient) }
    let total = try apply(.reduce(.sum, axes: leading + repeated, keepDimensions: false), gradient)
    return try reshaped(total, like: operand)
  }
}
