import KerasCore
import KerasGraph

extension PythonOperators {
  /// What an array of numpy's is after `base[key] = item`.
  static func stored(
    _ item: CallValue, in base: CallValue, at key: CallValue, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let keys: [CallValue] = if case .sequence(let several) = key { several } else { [key] }
    if let changed = replaced(in: base, at: keys[...], by: item) { return changed }
    let user = "an assignment to items of an array"
    let x = try context.value(base, for: user)
    let dtype = context.graph.type(x).dtype
    let value = try context.cast(context.value(item, for: user), to: dtype)
    if keys.count == 1, case .tensor(let mask) = keys[0], context.graph.type(mask).dtype == .bool {
      return .tensor(try masked(x, mask, value, &context))
    }
    guard let sizes = context.shape(x).concrete, let count = checkedProduct(sizes), count <= 1 << 22 else {
      throw ModelError(.unsupported("\(user) of the shape \(context.shape(x))"))
    }
    let places = try places(of: keys, sizes)
    var chosen = [Float](repeating: 0, count: count)
    var sources = [Int32](repeating: 0, count: count)
    for (source, place) in places.flat.enumerated() {
      chosen[place] = 1
      sources[place] = Int32(source)
    }
    let (flags, indices) = (chosen, sources)
    let mask = try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: sizes, floats: flags) }
    let isNew = try context.f(.greater, context.constant(mask), 0)
    guard !places.flat.isEmpty else { return .tensor(x) }
    guard context.shape(value).rank > 0 else { return .tensor(try context.op(.select, isNew, value, x)) }
    let spread = try context.op(.broadcast(places.sizes.map { .fixed($0) }), value)
    let table = try context.op(.reshape([.inferred]), spread)
    let rows = try LoweringContext.data { () throws(TensorDataError) in
      try TensorData(shape: sizes, int32s: indices)
    }
    return .tensor(
      try context.op(.select, isNew, context.op(.gatherRows, table, context.constant(rows)), x))
  }

  /// A number put into an array whose elements are known; `nil` for anything else.
  private static func replaced(in base: CallValue, at keys: ArraySlice<CallValue>, by item: CallValue) -> CallValue? {
    guard let key = keys.first?.int, let elements = base.elements, key >= -elements.count, key < elements.count else {
      return nil
    }
    var changed = elements
    let place = key < 0 ? key + elements.count : key
    if keys.count > 1 {
      guard let inner = replaced(in: elements[place], at: keys.dropFirst(), by: item) else { return nil }
      changed[place] = inner
    } else {
      guard elements[place].elements == nil, let number = item.double else { return nil }
      let isFloat = elements.contains { if case .float = $0 { true } else { false } }
      guard !elements.contains(where: { if case .bool = $0 { true } else { $0.double == nil } }) else { return nil }
      // An array of whole numbers stays one.
      guard isFloat || number.magnitude < 1e15 else { return nil }
      changed[place] = isFloat ? .float(number) : .int(Int(number.rounded(.towardZero)))
    }
    return .array(changed)
  }

  /// One value where a mask over the first axes says so.
  private static func masked(
    _ x: Value, _ mask: Value, _ value: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard context.shape(value).rank == 0, context.shape(mask).rank <= context.shape(x).rank else {
      throw ModelError(.unsupported("an assignment of several values by a mask"))
    }
    var condition = mask
    while context.shape(condition).rank < context.shape(x).rank {
      condition = try context.expanded(condition, axis: context.shape(condition).rank)
    }
    return try context.op(.select, condition, value, x)
  }

  /// The elements that numbers, slices and arrays of truth values name, in order, and the shape they have together.
  private static func places(
    of keys: [CallValue], _ sizes: [Int]
  ) throws(ModelError) -> (flat: [Int], sizes: [Int]) {
    let named = keys.count { $0 != .ellipsis && !$0.isNone }
    guard named <= sizes.count, keys.count(where: { $0 == .ellipsis }) <= 1 else {
      throw ModelError(.unsupported("an assignment by \(named) indices to an array of \(sizes.count) axes"))
    }
    var axes: [[Int]] = []
    var shape: [Int] = []
    func all() {
      axes.append(Array(0..<sizes[axes.count]))
      shape.append(sizes[axes.count - 1])
    }
    for key in keys {
      switch key {
      case .none: shape.append(1)
      case .ellipsis: for _ in 0..<(sizes.count - named) { all() }
      case .slice(let start, let stop, let step):
        guard key.isPlainSlice else { throw ModelError(.unsupported("an assignment to a slice that is not known")) }
        let numbers = (0..<sizes[axes.count]).map { CallValue.int($0) }
        let part = try item(numbers, .slice(start, stop, step)).compactMap(\.int)
        axes.append(part)
        shape.append(part.count)
      case .array(let flags):
        let chosen = flags.indices.filter { flags[$0] == .bool(true) }
        guard flags.count == sizes[axes.count], flags.allSatisfy({ if case .bool = $0 { true } else { false } }) else {
          throw ModelError(.unsupported("an assignment by an array of indices"))
        }
        axes.append(Array(chosen))
        shape.append(chosen.count)
      default:
        let size = sizes[axes.count]
        guard let index = key.int, index >= -size, index < size else {
          throw ModelError(.unsupported("an assignment to an item by \(key.kind)"))
        }
        axes.append([index < 0 ? index + size : index])
      }
    }
    while axes.count < sizes.count { all() }
    var flat = [0]
    for (axis, own) in axes.enumerated() { flat = flat.flatMap { start in own.map { start * sizes[axis] + $0 } } }
    return (flat, shape)
  }

  private static func item(_ elements: [CallValue], _ key: CallValue) throws(ModelError) -> [CallValue] {
    try element(elements, key).elements ?? []
  }
}
