/// A result of a node, or an argument, as nodes of the same function name it.
struct Tensor: Hashable {
  /// `NODE:RESULT:0`, or an argument's name.
  var name: String
  var type: ElementType
}

/// How TensorFlow calls the results of its operations, and which have no attribute for their element type.
///
/// From the operations' definitions (`tensorflow.python.framework.op_def_registry`).
enum OperationForm {
  /// The name of the first result; `output` where none is listed.
  static func result(of operation: String) -> String { results[operation] ?? "output" }

  private static let results: [String: String] = {
    var names: [String: String] = [
      "MatMul": "product", "Softmax": "softmax", "LogSoftmax": "logsoftmax", "Cumsum": "out", "ReadVariableOp": "value",
      "Transpose": "y", "TensorListReserve": "handle", "TensorListSetItem": "output_handle",
      "TensorListStack": "tensor", "HashTableV2": "table_handle", "LookupTableFindV2": "values",
      "SparseCross": "output_values", "VarHandleOp": "resource", "RestoreV2": "tensors",
      "RaggedTensorToTensor": "result",
    ]
    for unary in [
      "Neg", "Abs", "Sign", "Exp", "Expm1", "Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Square", "Sin", "Cos",
      "Tanh", "Sigmoid", "Erf", "Floor", "Ceil", "Rint", "LogicalNot", "Cast", "OnesLike",
    ] { names[unary] = "y" }
    for binary in [
      "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "Pow", "FloorMod", "FloorDiv", "LogicalAnd",
      "LogicalOr", "DivNoNan", "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual",
    ] { names[binary] = "z" }
    for activation in ["Relu", "Softplus", "Elu", "LeakyRelu"] { names[activation] = "activations" }
    return names
  }()

  /// Operations without the attribute `T`.
  static let untyped: Set<String> = [
    "LogicalNot", "LogicalAnd", "LogicalOr", "Any", "All", "Cast", "Const", "Placeholder", "ReadVariableOp",
    "AssignVariableOp", "GatherV2", "Range", "TensorListReserve", "TensorListSetItem", "TensorListStack",
    "StatelessWhile", "StatefulPartitionedCall", "HashTableV2", "LookupTableImportV2", "LookupTableFindV2",
    "ScatterNd", "NoOp", "StringJoin", "StringToHashBucketFast", "StringToHashBucketStrong", "SparseCross",
    "VarHandleOp", "StringToNumber", "StringLower", "StaticRegexReplace", "UnicodeEncode",
  ]

  /// The results that are bool whatever goes in.
  static let predicates: Set<String> = ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]
}
