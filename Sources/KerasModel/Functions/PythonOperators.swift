import KerasCore
import KerasGraph
import OrderedCollections

/// Python's operators, brackets and attributes on the values of a model.
enum PythonOperators {
  /// The functions of `keras.ops` behind the operators.
  private static let infix: [String: String] = [
    "+": "add", "-": "subtract", "*": "multiply", "/": "true_divide", "//": "floor_divide", "%": "mod",
    "**": "power", "@": "matmul", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "==": "equal", "!=": "not_equal", "&": "logical_and", "|": "logical_or", "^": "logical_xor",
  ]

  /// `a ⊕ b`; throws `.unsupported` for an operator without a meaning here.
  static func apply(
    _ symbol: String, _ a: CallValue, _ b: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    switch (symbol, a, b) {
    case ("+", .sequence(let x), .sequence(let y)): return .sequence(x + y)
    case ("*", .sequence(let x), .int(let count)), ("*", .int(let count), .sequence(let x)):
      guard count >= 0, x.count * count <= 4096 else { throw ModelError(.unsupported("a list \(count) times")) }
      return .sequence(Array(repeating: x, count: count).flatMap { $0 })
    case ("+", .string(let x), .string(let y)): return .string(x + y)
    case ("%", .string(let pattern), _): return PythonText.filled(pattern, b.elements ?? [b])
    default: break
    }
    if let folded = try PythonArithmetic.bits(symbol, a, b) { return folded }
    if let complex = try ComplexNumbers.infix(symbol, a, b, &context) { return complex }
    guard let name = infix[symbol] else { throw ModelError(.unsupported("the operator '\(symbol)'")) }
    return try BackendFunction.call(name, [a, b], writtenAs: "'\(symbol)'", &context)
  }

  static func prefix(
    _ symbol: String, _ operand: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    switch (symbol, operand) {
    case ("+", _): return operand
    case ("-", .int(let value)) where value != .min: return .int(-value)
    case ("-", .float(let value)): return .float(-value)
    case ("-", _): return try BackendFunction.call("negative", [operand], writtenAs: "'-'", &context)
    case ("not", _):
      guard let truth = operand.truth else { throw ModelError(.unsupported("'not' of \(operand.kind)")) }
      return .bool(!truth)
    case ("~", _): return try BackendFunction.call("logical_not", [operand], writtenAs: "'~'", &context)
    default: throw ModelError(.unsupported("the operator '\(symbol)'"))
    }
  }

  // MARK: Brackets

  /// `x[key]`: of a list an element or a part, of a tensor numpy's basic indexing, or rows by a tensor of indices.
  static func item(
    _ base: CallValue, _ key: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    switch context.resolved(base) {
    case .string(let text):
      let letters = text.map { CallValue.string(String($0)) }
      let part = try element(letters, key).listed
      let texts = (part.elements ?? [part]).compactMap { if case .string(let letter) = $0 { letter } else { nil } }
      return .string(texts.joined())
    case .sequence(let elements): return try element(elements, key)
    case .array(let elements):
      // Rows of a table and more are the graph's to find.
      if key.int != nil || key.isPlainSlice {
        let part = try element(elements, key)
        if case .sequence(let list) = part, key.int == nil { return .array(list) }
        return part
      }
      let table = CallValue.tensor(try context.value(base, for: "an item of an array"))
      return try item(table, key, &context)
    default: break
    }
    if case .complex(let real, let imaginary) = base { return try ComplexNumbers.item(real, imaginary, key, &context) }
    guard case .tensor(let x) = base else { throw ModelError(.unsupported("an item of \(base.kind)")) }
    var keys = [key]
    if let list = key.elements { keys = list }
    return .tensor(try selection(x, keys, &context))
  }

  static func element(_ elements: [CallValue], _ key: CallValue) throws(ModelError) -> CallValue {
    if let index = key.int {
      guard index >= -elements.count, index < elements.count else {
        throw ModelError(.unsupported("item \(index) of a list of \(elements.count)"))
      }
      return elements[index < 0 ? index + elements.count : index]
    }
    if case .sequence(let keys) = key, keys.count == 1 { return try element(elements, keys[0]) }
    guard case .slice(let start, let stop, let step) = key else {
      throw ModelError(.unsupported("an item of a list by \(key.kind)"))
    }
    let stride = step.int ?? 1
    guard stride != 0 else { throw ModelError(.unsupported("a slice with a step of 0")) }
    func place(_ value: CallValue, _ standard: Int) -> Int {
      guard let index = value.int else { return standard }
      let wrapped = index < 0 ? index + elements.count : index
      return stride > 0 ? min(max(wrapped, 0), elements.count) : min(max(wrapped, -1), elements.count - 1)
    }
    let first = place(start, stride > 0 ? 0 : elements.count - 1)
    let last = place(stop, stride > 0 ? elements.count : -1)
    return .sequence(Swift.stride(from: first, to: last, by: stride).map { elements[$0] })
  }

  private static func selection(
    _ x: Value, _ keys: [CallValue], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    let named = keys.count { $0 != .ellipsis && !$0.isNone }
    guard named <= rank, keys.count(where: { $0 == .ellipsis }) <= 1 else {
      throw ModelError(.inputShape(expected: "at least \(named) axes", found: context.shape(x)))
    }
    var starts = Array(repeating: 0, count: rank)
    var limits = [Int?](repeating: nil, count: rank)
    var strides = Array(repeating: 1, count: rank)
    var (reversed, dropped): ([Int], Set<Int>) = ([], [])
    /// A tensor of indices and the axis it selects from.
    var gathers: [(axis: Int, indices: CallValue)] = []
    /// Result axes in order: an axis of x, or `nil` for a new one.
    var layout: [Int?] = []
    var axis = 0
    for key in keys {
      switch key {
      case .none: layout.append(nil)
      case .ellipsis:
        for _ in 0..<(rank - named) {
          layout.append(axis)
          axis += 1
        }
      case .slice(let start, let stop, let step):
        try slice(axis, start, stop, step, context.shape(x)[axis], &starts, &limits, &strides, &reversed)
        layout.append(axis)
        axis += 1
      case .tensor, .sequence, .array:
        gathers.append((axis, key))
        layout.append(axis)
        axis += 1
      default:
        guard let index = key.int else { throw ModelError(.unsupported("an index that is \(key.kind)")) }
        starts[axis] = index
        limits[axis] = index == -1 ? nil : index + 1
        dropped.insert(axis)
        axis += 1
      }
    }
    layout += (axis..<rank).map { $0 }
    var result = x
    if !reversed.isEmpty { result = try context.op(.reverse(axes: reversed), result) }
    if starts.contains(where: { $0 != 0 }) || limits.contains(where: { $0 != nil })
      || strides.contains(where: { $0 != 1 })
    {
      result = try context.op(.slice(starts: starts, limits: limits, strides: strides), result)
    }
    guard gathers.count <= 1 else { throw ModelError(.unsupported("indexing by several tensors at once")) }
    if let gather = gathers.first {
      guard dropped.isEmpty, !layout.contains(nil) else {
        throw ModelError(.unsupported("indexing by a tensor together with numbers"))
      }
      return try BackendFunction.taken(result, gather.indices.listed, axis: gather.axis, "indexing", &context)
    }
    guard !dropped.isEmpty || layout.contains(nil) else { return result }
    let sizes = context.dimensions(of: result)
    let target = layout.compactMap { place -> TargetDimension? in
      guard let place else { return .fixed(1) }
      return dropped.contains(place) ? nil : sizes[place]
    }
    return try context.op(.reshape(target), result)
  }

  private static func slice(
    _ axis: Int, _ start: CallValue, _ stop: CallValue, _ step: CallValue, _ size: Int?, _ starts: inout [Int],
    _ limits: inout [Int?], _ strides: inout [Int], _ reversed: inout [Int]
  ) throws(ModelError) {
    for bound in [start, stop, step] where !bound.isNone && bound.int == nil {
      throw ModelError(.unsupported("a slice to \(bound.kind)"))
    }
    let stride = step.int ?? 1
    guard stride != 0 else { throw ModelError(.unsupported("a slice with a step of 0")) }
    var (first, last) = (start.int, stop.int)
    if stride < 0 {
      // In the reversed axis: element i is size − 1 − i.
      reversed.append(axis)
      func mirrored(_ index: Int?) throws(ModelError) -> Int? {
        guard let index else { return nil }
        if index < 0 { return ~index }
        guard let size else { throw ModelError(.unsupported("a slice backwards from a place of an unknown axis")) }
        return size - 1 - min(index, size - 1)
      }
      (first, last) = (try mirrored(first), try mirrored(last))
    }
    if let size {
      // Python lets bounds lie outside.
      func clamped(_ index: Int) -> Int { min(max(index < 0 ? index + size : index, 0), size) }
      first = first.map(clamped)
      last = last.map(clamped)
      if let low = first, let high = last, high < low { last = low }
    }
    starts[axis] = first ?? 0
    limits[axis] = last
    strides[axis] = Int(clamping: stride.magnitude)
  }

  // MARK: Attributes

  /// `x.shape`, `x.T`, `K.pi` …; a name grows by the attribute.
  static func attribute(
    _ base: CallValue, _ name: String, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    switch base {
    case .name(let path):
      guard path.utf8.count + name.utf8.count < 512 else { throw ModelError(.unsupported("a name without an end")) }
      let full = "\(path).\(name)"
      return FunctionNames.constant(full) ?? .name(full)
    case .tensor(let value):
      switch name {
      case "shape", "_keras_shape": return try BackendFunction.call("keraskit>static_shape", [base], [:], &context)
      case "dtype": return .dtype(context.graph.type(value).dtype)
      case "ndim": return .int(context.shape(value).rank)
      case "T": return try BackendFunction.call("transpose", [base], [:], &context)
      default: throw ModelError(.unsupported("the attribute '.\(name)' of a tensor"))
      }
    case .sequence(let elements) where name == "ndims" || name == "rank": return .int(elements.count)
    // What `tf.math.top_k` gives.
    case .sequence(let elements) where elements.count == 2 && name == "values": return elements[0]
    case .sequence(let elements) where elements.count == 2 && name == "indices": return elements[1]
    case .array where ["shape", "dtype", "ndim", "T"].contains(name):
      return try attribute(.tensor(context.value(base, for: "'.\(name)' of an array")), name, &context)
    case .size, .int, .none: if name == "value" { return base }
    case .dtype(.float32) where name == "max": return .float(Double(Float.greatestFiniteMagnitude))
    case .dtype(.float32) where name == "min": return .float(-Double(Float.greatestFiniteMagnitude))
    case .dtype where name == "name" || name == "base_dtype": return base
    default: break
    }
    throw ModelError(.unsupported("the attribute '.\(name)' of \(base.kind)"))
  }

  /// `x.get_shape()`, `shape.as_list()`, `x.astype(…)`.
  static func method(
    _ base: CallValue, _ name: String, _ arguments: [CallValue], _ keywords: OrderedDictionary<String, CallValue>,
    _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    switch (base, name) {
    case (.tensor, "set_shape"): return .none
    case (.int, "astype"), (.float, "astype"):
      return try BackendFunction.call("cast", [base] + arguments, keywords, &context)
    case (.int, "item"), (.float, "item"): return base
    case (_, "reshape") where arguments.count > 1, (_, "transpose") where arguments.count > 1:
      return try method(base, name, [.sequence(arguments)], keywords, &context)
    case (.tensor, "get_shape"): return try attribute(base, "shape", &context)
    case (.sequence, "as_list"), (.array, "tolist"): return base.listed
    case (.array, "astype"): return try BackendFunction.call("cast", [base] + arguments, keywords, &context)
    case (.sequence(let elements), "index"):
      if let first = arguments.first, let place = elements.firstIndex(of: first) { return .int(place) }
    case (.sequence(let elements), "concatenate") where arguments.count == 1:
      if let more = arguments[0].elements { return .sequence(elements + more) }
    case (.array, "copy"), (.tensor, "copy"): return base
    case (.sequence(let elements), "num_elements"):
      let sizes = elements.compactMap(\.int)
      return sizes.count == elements.count ? checkedProduct(sizes).map { .int($0) } ?? .none : .none
    case (.string(let text), _):
      if let result = PythonText.method(text, name, arguments, keywords) { return result }
    case (.tensor, "astype"): return try BackendFunction.call("cast", [base] + arguments, keywords, &context)
    case (.array, "sum"), (.array, "mean"), (.array, "max"), (.array, "min"), (.array, "prod"), (.array, "reshape"),
      (.array, "transpose"), (.tensor, "sum"), (.tensor, "mean"), (.tensor, "max"), (.tensor, "min"),
      (.tensor, "reshape"),
      (.tensor, "transpose"), (.tensor, "argmax"), (.tensor, "argmin"), (.tensor, "prod"), (.tensor, "std"),
      (.tensor, "var"):
      return try FunctionNames.call("np.\(name)", [base] + arguments, keywords, &context)
    default: break
    }
    throw ModelError(.unsupported("the method '.\(name)' of \(base.kind)"))
  }
}
