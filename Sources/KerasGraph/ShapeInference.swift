import KerasCore

/// The types of an operation's results, given its operands' types.
public func inferTypes(_ op: Op, _ operands: [TensorType]) throws(GraphError) -> [TensorType] {
  throw GraphError(.unsupported(op: "\(op)", reason: "not inferred"))
}
