import KerasCore
import KerasGraph

extension BackendFunction {
  /// Functions of several tensors, or with several results.
  static let joining: Table = [
    (
      "concatenate",
      BackendFunction("xs axis") { arguments, context throws(ModelError) in
        guard case .sequence(let parts) = try arguments.required("xs") else {
          throw arguments.unsupported("xs", "a list")
        }
        // Shapes are put together from lists and parts of shapes.
        if !parts.contains(where: { if case .tensor = context.resolved($0) { true } else { false } }) {
          return .array(parts.flatMap { part in context.resolved(part).elements ?? [part] })
        }
        let values = try context.promoted(parts, for: arguments.function)
        guard let first = values.first else { throw arguments.unsupported("xs", "tensors") }
        let axis = try arguments.axis("axis", of: first, default: -1, context)
        return .tensor(values.count == 1 ? first : try context.ops(.concatenate(axis: axis), values)[0])
      }
    ),
    (
      "stack",
      BackendFunction("x axis") { arguments, context throws(ModelError) in
        guard case .sequence(let parts) = try arguments.required("x") else {
          throw arguments.unsupported("x", "a list")
        }
        if parts.contains(where: { if case .size = context.resolved($0) { true } else { false } }) {
          return .array(parts.map { context.resolved($0) })
        }
        var values = try context.promoted(parts, for: arguments.function)
        guard let rank = values.first.map({ context.shape($0).rank }) else {
          throw arguments.unsupported("x", "tensors")
        }
        let given = try arguments.int("axis", default: 0)
        let axis = given < 0 ? given + rank + 1 : given
        for index in values.indices { values[index] = try context.expanded(values[index], axis: axis) }
        return .tensor(values.count == 1 ? values[0] : try context.ops(.concatenate(axis: axis), values)[0])
      }
    ),
    (
      "unstack",
      BackendFunction("x num axis") { arguments, context throws(ModelError) in
        let resolved = context.resolved(try arguments.required("x"))
        if resolved.elements != nil { return resolved.listed }
        let x = try arguments.value("x", &context)
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        var parts: [CallValue] = []
        for index in 0..<(try bounded(context.shape(x).known(axis: axis))) {
          let part = try context.sliced(x, axis: axis, from: index, to: index + 1)
          parts.append(.tensor(try dropped(part, [axis], keeps: false, &context)))
        }
        return .sequence(parts)
      }
    ),
    (
      "split",
      BackendFunction("x indices_or_sections axis") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        var cuts: [Int] = []
        if let sections = arguments["indices_or_sections"].int {
          let size = try context.shape(x).known(axis: axis)
          guard sections > 0, size % sections == 0 else {
            throw ModelError(.inputShape(expected: "an axis \(axis) in \(sections) parts", found: context.shape(x)))
          }
          cuts = (0..<(try bounded(sections))).dropFirst().map { $0 * (size / sections) }
        } else {
          cuts = try arguments.ints("indices_or_sections")
        }
        return try .sequence(parts(of: x, axis: axis, cuts: cuts, &context))
      }
    ),
    // tf.split: a number of parts, or their sizes.
    (
      "keraskit>split_sizes",
      BackendFunction("x sizes axis num") { arguments, context throws(ModelError) in
        let x = try arguments.value("x", &context)
        let axis = try arguments.axis("axis", of: x, default: 0, context)
        let total = try context.shape(x).known(axis: axis)
        var sizes = try arguments.ints("sizes")
        if let sections = arguments["sizes"].int {
          guard sections > 0, total % sections == 0 else {
            throw arguments.unsupported("sizes", "a divisor of \(total)")
          }
          sizes = Array(repeating: total / sections, count: try bounded(sections))
        }
        if let open = sizes.firstIndex(of: -1) { sizes[open] = total - sizes.reduce(1, +) }
        guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) == total else {
          throw arguments.unsupported("sizes", "sizes that add up to \(total)")
        }
        var cuts: [Int] = []
        for size in sizes.dropLast() { cuts.append((cuts.last ?? 0) + size) }
        return try .sequence(parts(of: x, axis: axis, cuts: cuts, &context))
      }
    ),
    (
      "add_n",
      BackendFunction("inputs") { arguments, context throws(ModelError) in
        var values = try arguments.values("inputs", &context)[...]
        guard var sum = values.popFirst() else { throw arguments.unsupported("inputs", "tensors") }
        for value in values { sum = try context.op(.binary(.add), sum, value) }
        return .tensor(sum)
      }
    ),
  ]

  /// A number of parts that a graph can hold.
  static func bounded(_ count: Int) throws(ModelError) -> Int {
    guard (0...4096).contains(count) else { throw ModelError(.unsupported("a tensor in \(count) parts")) }
    return count
  }

  private static func parts(
    of x: Value, axis: Int, cuts: [Int], _ context: inout LoweringContext
  ) throws(ModelError) -> [CallValue] {
    var parts: [CallValue] = []
    var start = 0
    for end in cuts.map(Optional.some) + [nil] {
      parts.append(.tensor(try context.sliced(x, axis: axis, from: start, to: end)))
      start = end ?? 0
    }
    return parts
  }

  // MARK: Products

  static let products: Table = [
    (
      "matmul",
      BackendFunction("x1 x2") { arguments, context throws(ModelError) in
        try matmul(arguments.float("x1", &context), arguments.float("x2", &context), &context)
      }
    ),
    (
      "keraskit>matmul",
      BackendFunction("a b transpose_a transpose_b") { arguments, context throws(ModelError) in
        let op = Op.matmul(
          transposeA: try arguments.bool("transpose_a", default: false),
          transposeB: try arguments.bool("transpose_b", default: false))
        return .tensor(try context.op(op, arguments.float("a", &context), arguments.float("b", &context)))
      }
    ),
    (
      "dot",
      BackendFunction("x1 x2") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        let (m, n) = (context.shape(a).rank, context.shape(b).rank)
        if m == 0 || n == 0 { return .tensor(try context.op(.binary(.multiply), a, b)) }
        if n <= 2 { return try matmul(a, b, &context) }
        return .tensor(try contracted(a, b, [m - 1], [n - 2], &context))
      }
    ),
    (
      "tensordot",
      BackendFunction("x1 x2 axes") { arguments, context throws(ModelError) in
        let (a, b) = (try arguments.float("x1", &context), try arguments.float("x2", &context))
        let (m, n) = (context.shape(a).rank, context.shape(b).rank)
        var (left, right): ([Int], [Int]) = ([], [])
        if let count = arguments["axes"].isNone ? 2 : arguments["axes"].int {
          guard count >= 0, count <= min(m, n) else { throw arguments.unsupported("axes", "at most \(min(m, n))") }
          (left, right) = (Array(m - count..<m), Array(0..<count))
        } else if case .sequence(let pair) = arguments["axes"], pair.count == 2 {
          func list(_ value: CallValue) -> [Int] {
            if case .sequence(let elements) = value {
              elements.compactMap(\.int)
            } else {
              [value.int].compactMap { $0 }
            }
          }
          for axis in list(pair[0]) { left.append(try context.shape(a).axis(axis)) }
          for axis in list(pair[1]) { right.append(try context.shape(b).axis(axis)) }
        }
        guard left.count == right.count else { throw arguments.unsupported("axes", "pairs of axes") }
        return .tensor(try contracted(a, b, left, right, &context))
      }
    ),
    (
      "einsum",
      BackendFunction("subscripts *operands") { arguments, context throws(ModelError) in
        guard let text = try arguments.optionalString("subscripts") else {
          throw arguments.unsupported("subscripts", "a string")
        }
        return .tensor(try einsum(text, arguments.values("operands", &context), &context))
      }
    ),
    (
      "outer",
      BackendFunction("x1 x2") { arguments, context throws(ModelError) in
        let a = try context.op(.reshape([.inferred, .fixed(1)]), arguments.float("x1", &context))
        let b = try context.op(.reshape([.fixed(1), .inferred]), arguments.float("x2", &context))
        return .tensor(try context.op(.binary(.multiply), a, b))
      }
    ),
    (
      "vdot",
      BackendFunction("x1 x2") { arguments, context throws(ModelError) in
        let a = try context.op(.reshape([.inferred]), arguments.float("x1", &context))
        let b = try context.op(.reshape([.inferred]), arguments.float("x2", &context))
        return .tensor(
          try context.op(.reduce(.sum, axes: [0], keepDimensions: false), context.op(.binary(.multiply), a, b)))
      }
    ),
  ]

  /// numpy's matmul: a vector stands for a row on the left, for a column on the right.
  static func matmul(_ a: Value, _ b: Value, _ context: inout LoweringContext) throws(ModelError) -> CallValue {
    let (m, n) = (context.shape(a).rank, context.shape(b).rank)
    let left = m == 1 ? try context.expanded(a, axis: 0) : a
    let right = n == 1 ? try context.expanded(b, axis: 1) : b
    var product = try context.op(.matmul(transposeA: false, transposeB: false), left, right)
    let rank = context.shape(product).rank
    if n == 1 { product = try dropped(product, [rank - 1], keeps: false, &context) }
    if m == 1 { product = try dropped(product, [rank - 2 - (n == 1 ? 0 : 0)], keeps: false, &context) }
    return .tensor(product)
  }

  /// Σ over pairs of axes; the result has a's other axes, then b's.
  private static func contracted(
    _ a: Value, _ b: Value, _ left: [Int], _ right: [Int], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (m, n) = (context.shape(a).rank, context.shape(b).rank)
    guard m + n <= 24 else { throw ModelError(.unsupported("a product of \(m + n) axes")) }
    func letter(_ index: Int) -> Character { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(index))) }
    let first = (0..<m).map { letter($0) }
    var second = (0..<n).map { letter(m + $0) }
    for (x, y) in zip(left, right) { second[y] = first[x] }
    let result =
      first.indices.filter { !left.contains($0) }.map { first[$0] }
      + second.indices.filter { !right.contains($0) }.map { second[$0] }
    guard !result.isEmpty else {
      let sum = try context.op(.binary(.multiply), a, context.op(.transpose(right), b))
      return try context.op(.reduce(.sum, axes: Array(0..<m), keepDimensions: false), sum)
    }
    return try EinsumEquation("\(String(first)),\(String(second))->\(String(result))").product(a, b, &context)
  }
}
