import KerasCore
import KerasGraph
import OrderedCollections

/// A function of `keras.ops` by its public name, with its parameters in order and what it adds to a graph.
///
/// Other names for it (`K.sum`, `tf.reduce_sum`) are rows in `FunctionNames`.
struct BackendFunction: Sendable {
  typealias Body =
    @Sendable (FunctionArguments, inout LoweringContext) throws(ModelError) -> CallValue

  let parameters: [String]
  let body: Body

  init(_ parameters: String, _ body: @escaping Body) {
    self.parameters = parameters.split(separator: " ").map(String.init)
    self.body = body
  }

  /// A function of one tensor.
  static func map(
    _ parameters: String = "x",
    _ body: @escaping @Sendable (Value, inout LoweringContext) throws(ModelError) -> Value
  ) -> BackendFunction {
    let first = parameters.split(separator: " ").first.map(String.init) ?? "x"
    return BackendFunction(parameters) { arguments, context throws(ModelError) in
      .tensor(try body(arguments.float(first, &context), &context))
    }
  }

  typealias Table = [(String, BackendFunction)]

  /// All functions by their names in `keras.ops`.
  static let all: [String: BackendFunction] = {
    var table: [String: BackendFunction] = [:]
    let parts: [Table] = [
      elementwise, activations, arithmetic, logic, reductions, shaping, joining, products, creation, selection, images,
      statistics, normalization, numbers, ordering, windows, rearranging, tolerant, losses, attention,
      bits, colours, linearAlgebra, detection, imageGeometry,
      imageAdjustments, signals, complexSignals, tensorFlow, draws, applications, scattering, transposedConvolutions,
      batchProducts, sequenceLosses, imageCrops, signalWindows, tensorFlowWindows,
    ]
    for part in parts {
      for (name, function) in part { table[name] = function }
    }
    return table
  }()

  /// Calls a function of `keras.ops`.
  ///
  /// Throws `.unsupported` for one that is not known, and for arguments that have no meaning here.
  static func call(
    _ name: String, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>,
    writtenAs written: String? = nil,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    guard let function = all[name] else {
      throw ModelError(.unsupported("the function \(written ?? name)"))
    }
    let operands = positional + function.parameters.dropFirst(positional.count).compactMap { keywords[$0] }
    if let folded = try ConstantFunctions.ofArrays(name, operands, &context) { return folded }
    let arguments = try FunctionArguments(
      function: written ?? name, parameters: function.parameters, positional: positional, keywords: keywords)
    return try function.body(arguments, &context)
  }

  /// As above, without arguments by name.
  static func call(
    _ name: String, _ positional: [CallValue], writtenAs written: String? = nil, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    try call(name, positional, [:], writtenAs: written, &context)
  }
}
