import KerasCore
import KerasGraph
import OrderedCollections

/// The names by which models call functions: of `keras.ops`, of the old backend, of TensorFlow and of numpy.
///
/// A row gives the names in one namespace, the function of `keras.ops` they stand for, and the parameters in that
/// namespace's order, each with the function's own name where it differs (`input_tensor=x`).
enum FunctionNames {
  struct Alias: Sendable {
    var target: String
    /// In the caller's order: its name and the function's.
    var parameters: [(own: String, target: String)]
    /// Arguments the name implies.
    var implied: [(String, CallValue)]
  }

  /// Modules whose functions are `keras.ops`' own, under the same names.
  private static let current: Set<String> = ["ops", "keras.ops", "keras.src.ops", "keras_core.ops", "knp"]
  private static let backends: Set<String> = [
    "K", "keras.backend", "backend", "tensorflow.keras.backend", "tf.keras.backend", "tensorflow.python.keras.backend",
    "KB", "Kb", "keras.config", "tf.keras.config", "keras.src.backend",
  ]
  private static let activations: Set<String> = [
    "activations", "keras.activations", "tf.keras.activations", "tensorflow.keras.activations", "keras.src.activations",
  ]
  /// Activations that are the same in every release, and as operations; others, such as `hard_sigmoid`, are not.
  private static let plainActivations: Set<String> = [
    "relu", "sigmoid", "tanh", "softmax", "softplus", "softsign", "silu", "swish", "mish", "elu", "selu", "gelu",
    "exponential", "linear", "leaky_relu", "relu6", "log_softmax",
  ]
  private static let tensorFlow: Set<String> = ["tf", "tensorflow", "tf.compat.v1", "tensorflow.compat.v1", "ktf"]
  private static let numpy: Set<String> = ["np", "numpy", "math"]

  private enum Space: Sendable { case ops, backend, tensorFlow, numpy, activations }

  /// Modules of TensorFlow whose functions mean something else than those of `keras.ops` with the same name.
  private static let ownMeaning = ["signal.", "image.", "contrib.", "sparse.", "ragged.", "strings.", "keras.layers."]

  /// The namespace a dotted name belongs to, and its name in there.
  private static func split(_ name: String) -> (space: Space, rest: String)? {
    let parts = name.split(separator: ".").map(String.init)
    for count in (1..<max(parts.count, 1)).reversed() {
      let prefix = parts[..<count].joined(separator: ".")
      let rest = parts[count...].joined(separator: ".")
      if current.contains(prefix) { return (.ops, parts[parts.count - 1]) }
      // `keras.random.normal` is the old backend's `random_normal`.
      if prefix == "keras.random" || prefix == "keras.src.random" { return (.backend, "random_\(rest)") }
      if activations.contains(prefix), parts.count == count + 1, plainActivations.contains(rest) {
        return (.activations, rest)
      }
      if backends.contains(prefix) {
        // Keras 2's backend lets its own `tf` be seen.
        return rest.hasPrefix("tf.") ? (.tensorFlow, String(rest.dropFirst(3))) : (.backend, rest)
      }
      if tensorFlow.contains(prefix) {
        // TensorFlow 1 kept its signals in `contrib`; images it resized otherwise.
        if rest.hasPrefix("contrib.signal.") { return (.tensorFlow, String(rest.dropFirst(8))) }
        if prefix.hasSuffix("compat.v1"), rest == "image.resize" { return (.tensorFlow, "image.resize_images") }
        return (.tensorFlow, rest)
      }
      if numpy.contains(prefix) { return (.numpy, rest) }
    }
    return nil
  }

  /// `np.pi`, `tf.float32`, `tf.newaxis` …; `nil` for what is no constant.
  static func constant(_ name: String) -> CallValue? {
    guard let (space, rest) = split(name), space != .ops else { return nil }
    switch rest {
    case "pi": return .float(.pi)
    case "e": return .float(2.718_281_828_459_045)
    case "inf": return .float(.infinity)
    case "newaxis": return CallValue.none
    case "float16", "float32", "float64", "half", "double": return .dtype(.float32)
    case "int8", "uint8", "int16", "int32", "int64": return .dtype(.int32)
    case "complex64", "complex128": return .string("complex64")
    case "bool", "bool_": return .dtype(.bool)
    case "image.ResizeMethod.BILINEAR": return .string("bilinear")
    case "image.ResizeMethod.NEAREST_NEIGHBOR": return .string("nearest")
    case "image.ResizeMethod.BICUBIC": return .string("bicubic")
    case "image.ResizeMethod.AREA": return .string("area")
    case "image.ResizeMethod.LANCZOS3": return .string("lanczos3")
    case "image.ResizeMethod.LANCZOS5": return .string("lanczos5")
    case "image.ResizeMethod.GAUSSIAN": return .string("gaussian")
    case "image.ResizeMethod.MITCHELLCUBIC": return .string("mitchellcubic")
    default: return nil
    }
  }

  /// The functions that the rows stand for.
  static var targets: Set<String> { Set(table.values.flatMap { $0.values.map(\.target) }) }

  /// Whether a call of that name has a meaning here.
  static func knows(_ name: String) -> Bool { resolve(name) != nil }

  /// Whether a dotted name is a module that has functions with a meaning here, as `tf.image` has.
  static func isModule(_ name: String) -> Bool {
    guard let (space, rest) = split(name) else { return false }
    return table[space]?.keys.contains { $0.hasPrefix(rest + ".") } ?? false
  }

  /// Whether a bare name is a module, a function, or one of Python's own functions, that has a meaning here.
  static func knows(global name: String) -> Bool {
    for modules in [current, backends, activations, tensorFlow, numpy] {
      if modules.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) { return true }
    }
    return PythonOperators.builtinNames.contains(name) || knows(name)
  }

  private static func resolve(_ name: String) -> (target: String, alias: Alias?)? {
    let path = name.split(separator: ".").suffix(2).map(String.init)
    if path.last == "preprocess_input", path.count == 2, let mode = BackendFunction.preprocessing(of: path[0]) {
      let target = "keraskit>preprocess_input"
      let parameters = ["x", "data_format", "mode"].map { (own: $0, target: $0) }
      return (target, Alias(target: target, parameters: parameters, implied: [("mode", .string(mode))]))
    }
    guard let (space, rest) = split(name) else {
      // A bare name: the backend's, else that of `keras.ops`.
      if let alias = table[.backend]?[name] ?? table[.tensorFlow]?[name] { return (alias.target, alias) }
      return BackendFunction.all[name] == nil ? nil : (name, nil)
    }
    if let alias = table[space]?[rest] { return (alias.target, alias) }
    // TensorFlow's complex numbers are no pairs, as those of `keras.ops` are.
    if space == .tensorFlow, ownMeaning.contains(where: { rest.hasPrefix($0) }) { return nil }
    // `tf.math.add` and `tf.add` are one.
    let last = rest.split(separator: ".").last.map(String.init) ?? rest
    if let alias = table[space]?[last] { return (alias.target, alias) }
    return BackendFunction.all[last] == nil ? nil : (last, nil)
  }

  /// Calls a function by its dotted name: `K.sum`, `tf.nn.relu`, `keras.ops.mean`, or a bare `mean`.
  ///
  /// `meanings` are those that functions had in the release at hand, where they differ from what the rows say.
  static func call(
    _ name: String, _ positional: [CallValue], _ keywords: OrderedDictionary<String, CallValue>,
    meanings: [String: String] = [:], _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    if split(name)?.space == .numpy, keywords.isEmpty,
      let folded = ConstantFunctions.numpy(name, positional.map { context.resolved($0) })
    {
      return folded
    }
    guard let (known, alias) = resolve(name) else { throw ModelError(.unsupported("the function \(name)")) }
    let target = meanings[known] ?? known
    if let parts = try ComplexNumbers.call(name, target, positional, keywords, &context) { return parts }
    guard let alias else {
      return try BackendFunction.call(target, positional, keywords, writtenAs: name, &context)
    }
    var bound: OrderedDictionary<String, CallValue> = [:]
    for (key, value) in alias.implied { bound[key] = value }
    guard let function = BackendFunction.all[target] else { throw ModelError(.unsupported("the function \(name)")) }
    if alias.parameters.isEmpty {
      for (key, value) in keywords { bound[key] = value }
      return try BackendFunction.call(target, positional, bound, writtenAs: name, &context)
    }
    guard positional.count <= alias.parameters.count else {
      throw ModelError(
        .unsupported("\(name) takes \(alias.parameters.count) arguments, received \(positional.count)"))
    }
    for (value, parameter) in zip(positional, alias.parameters) { bound[parameter.target] = value }
    for (key, value) in keywords {
      let own = alias.parameters.first { $0.own == key }?.target ?? (Self.renames[key] ?? key)
      if function.parameters.contains(own) {
        bound[own] = value
      } else if value.truth != false, !Self.meaningless.contains(key) {
        // What is None, False or 0 was not asked for.
        throw ModelError(.unsupported("the argument '\(key)' of \(name)"))
      }
    }
    return try BackendFunction.call(target, [], bound, writtenAs: name, &context)
  }

  /// Arguments that change no result here.
  private static let meaningless: Set<String> = ["name", "out_type", "validate_indices", "use_cudnn_on_gpu", "sorted"]

  /// Spellings of TensorFlow 1 and of Keras 1 (`std`), wherever they occur.
  private static let renames = [
    "keep_dims": "keepdims", "reduction_indices": "axis", "dim": "axis", "squeeze_dims": "axis", "std": "stddev",
  ]

  private static let table: [Space: [String: Alias]] = [
    .ops: rows(operationRows), .activations: rows(activationRows), .backend: rows(backendRows),
    .tensorFlow: rows(tensorFlowRows), .numpy: rows(numpyRows),
  ]

  private static func rows(_ lines: [(String, String, String)]) -> [String: Alias] {
    var table: [String: Alias] = [:]
    for (names, target, parameters) in lines {
      var alias = Alias(target: target, parameters: [], implied: [])
      for word in parameters.split(separator: " ") {
        let parts = word.split(separator: "=").map(String.init)
        if word.hasPrefix("!"), parts.count == 2 {
          let text = parts[1]
          let value = Int(text).map { CallValue.int($0) } ?? Double(text).map { .float($0) } ?? .string(text)
          alias.implied.append(
            (String(parts[0].dropFirst()), ["True", "False"].contains(text) ? .bool(text == "True") : value))
        } else {
          alias.parameters.append((parts[0], parts.count == 2 ? parts[1] : parts[0]))
        }
      }
      for name in names.split(separator: " ") { table[String(name)] = alias }
    }
    return table
  }
}
