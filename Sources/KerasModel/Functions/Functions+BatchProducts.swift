import KerasCore
import KerasGraph

extension BackendFunction {
  /// `K.batch_dot` in its two meanings; the first axis is the batch's, the result has at least two axes.
  static let batchProducts: Table = [
    // Standalone Keras 2.3, tf.keras of TensorFlow 2 and later, and Theano in every release: one axis of each is summed.
    (
      "keraskit>batch_dot",
      BackendFunction("x y axes") { arguments, context throws(ModelError) in
        let (x, y) = (try arguments.float("x", &context), try arguments.float("y", &context))
        let (m, n) = (context.shape(x), context.shape(y))
        let axes = try pair(
          arguments, default: n.rank == 2 ? [m.rank - 1, n.rank - 1] : [m.rank - 1, n.rank - 2])
        let (a, b) = (try m.axis(axes[0]), try n.axis(axes[1]))
        guard a > 0, b > 0 else { throw arguments.unsupported("axes", "axes other than the batch's") }
        guard m.rank <= 9, n.rank <= 9 else { throw ModelError(.unsupported("batch_dot of so many axes")) }
        let restX = (1..<m.rank).filter { $0 != a }
        let restY = (1..<n.rank).filter { $0 != b }
        func letter(_ index: Int) -> Character { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(index))) }
        var left: [Character] = []
        for axis in 0..<m.rank { left.append(axis == 0 ? "a" : axis == a ? "b" : letter(axis + 2)) }
        var right: [Character] = []
        for axis in 0..<n.rank { right.append(axis == 0 ? "a" : axis == b ? "b" : letter(axis + 12)) }
        let result = ["a"] + restX.map { left[$0] } + restY.map { right[$0] }
        let product = try EinsumEquation("\(String(left)),\(String(right))->\(String(result))").product(x, y, &context)
        return .tensor(context.shape(product).rank == 1 ? try context.expanded(product, axis: 1) : product)
      }
    ),
    // Before that on TensorFlow: a product of matrices, of which `axes` only says whether they are turned. Measured on
    // 1.2.2, 2.0.2, 2.0.9, 2.1.3, 2.2.4 and tf.keras 1.12 and 1.15.
    (
      "keraskit>batch_matmul",
      BackendFunction("x y axes") { arguments, context throws(ModelError) in
        let (x, y) = (try arguments.float("x", &context), try arguments.float("y", &context))
        let axes = try pair(arguments, default: [context.shape(x).rank - 1, context.shape(y).rank - 2])
        if context.shape(x).rank == 2, context.shape(y).rank == 2 {
          guard try context.shape(x).axis(axes[0]) == 1, try context.shape(y).axis(axes[1]) == 1 else {
            throw arguments.unsupported("axes", "axes other than the batch's")
          }
          return .tensor(
            try context.expanded(context.total(context.f(.multiply, x, y), [1]), axis: 1))
        }
        return .tensor(try batchMatmul(x, y, axes: axes, &context))
      }
    ),
  ]

  /// The product of matrices in the last two axes; an axis of `axes` that is not where it is summed turns them.
  static func batchMatmul(
    _ x: Value, _ y: Value, axes: [Int], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var (x, y) = (x, y)
    let (m, n) = (context.shape(x).rank, context.shape(y).rank)
    guard m >= 2, n >= 2 else { throw ModelError(.unsupported("batch_dot of a tensor of one axis")) }
    // The one with fewer axes gets axes of one element, which the result loses again.
    for _ in 0..<max(0, m - n) { y = try context.expanded(y, axis: context.shape(y).rank) }
    for _ in 0..<max(0, n - m) { x = try context.expanded(x, axis: context.shape(x).rank) }
    // An axis counted from the end is never the last one here.
    var product = try context.op(
      .matmul(
        transposeA: axes[0] != context.shape(x).rank - 1, transposeB: axes[1] == context.shape(y).rank - 1), x, y)
    let missing = abs(m - n)
    if missing > 0 {
      let first = m > n ? m + n - 3 : m - 1
      product = try dropped(product, Array(first..<first + missing), keeps: false, &context)
    }
    return context.shape(product).rank == 1 ? try context.expanded(product, axis: 1) : product
  }

  private static func pair(_ arguments: FunctionArguments, default standard: [Int]) throws(ModelError) -> [Int] {
    var axes = try arguments.optionalInts("axes") ?? standard
    if axes.count == 1 { axes = [axes[0], axes[0]] }
    guard axes.count == 2 else { throw arguments.unsupported("axes", "two axes") }
    return axes
  }
}
