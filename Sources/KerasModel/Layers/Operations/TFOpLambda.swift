import KerasCore
import KerasGraph
import OrderedCollections

/// A TensorFlow function called on layers' outputs (tf.keras 2.4 to 2.15), by its public name: `math.multiply`.
struct TFOpLambda: FunctionNode {
  static let className = "TFOpLambda"

  private let function: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    function = try config.string("function")
  }

  var config: OrderedDictionary<String, JSON> { ["function": .string(function)] }

  private static let operators: [String: String] = [
    "add": "+", "radd": "+", "sub": "-", "rsub": "-", "mul": "*", "rmul": "*", "truediv": "/", "rtruediv": "/",
    "div": "/", "rdiv": "/", "floordiv": "//", "rfloordiv": "//", "mod": "%", "rmod": "%", "pow": "**", "rpow": "**",
    "matmul": "@", "rmatmul": "@", "and": "&", "rand": "&", "or": "|", "ror": "|", "xor": "^", "rxor": "^",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=",
  ]

  func result(
    _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if function.hasPrefix("__operators__.") {
      let operands = positional + keywords.filter { $0.key != "name" }.map(\.value)
      return try self.operator(String(function.dropFirst(14)), operands, &context)
    }
    let name = function.hasPrefix("keras.") || function.hasPrefix("backend.") ? function : "tf." + function
    guard FunctionNames.knows(name) else {
      throw ModelError(.unsupported("TensorFlow's function \(function) is not known to this program"))
    }
    let result = try FunctionNames.call(name, positional, keywords, &context)
    guard function == "unstack" || function == "split", case .sequence(let elements) = result else { return result }
    // The parts of a shape are outputs of their own, and stay sizes.
    var parts: [CallValue] = []
    for element in elements {
      let value = try context.value(element, for: function)
      if value != elementValue(element) { context.shapeContents[value] = element }
      parts.append(.tensor(value))
    }
    return .sequence(parts)
  }

  private func elementValue(_ element: CallValue) -> Value? {
    if case .tensor(let value) = element { value } else { nil }
  }

  private func `operator`(
    _ name: String, _ operands: [CallValue], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if operands.count == 2 {
      if name == "getitem" { return try PythonOperators.item(operands[0], operands[1], &context) }
      // tf.keras writes the operands of reflected operators in their places already.
      if let symbol = Self.operators[name] {
        return try PythonOperators.apply(symbol, operands[0], operands[1], &context)
      }
    } else if operands.count == 1 {
      switch name {
      case "neg": return try PythonOperators.prefix("-", operands[0], &context)
      case "abs": return try BackendFunction.call("absolute", operands, &context)
      case "invert": return try PythonOperators.prefix("~", operands[0], &context)
      default: break
      }
    }
    throw ModelError(.unsupported("the operator \(name) of \(operands.count) operands is not known to this program"))
  }
}
