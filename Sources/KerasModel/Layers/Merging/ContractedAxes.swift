import KerasCore
import KerasGraph

/// The axes that a batch-wise dot product sums over, and the product itself (`K.batch_dot`).
struct ContractedAxes: Sendable {
  let first: [Int]
  let second: [Int]
  let json: JSON

  init(_ config: inout ConfigReader) throws(ModelError) {
    json = config.json("axes")
    if let one = json.intValue {
      (first, second) = ([one], [one])
    } else if let list = json.arrayValue, list.count == 2 {
      let sides = list.map { side in side.intValue.map { [$0] } ?? side.arrayValue?.compactMap(\.intValue) ?? [] }
      guard sides.allSatisfy({ !$0.isEmpty }), sides[0].count == sides[1].count else {
        throw config.wrong("axes", "an axis or a pair of axes", json)
      }
      (first, second) = (sides[0], sides[1])
    } else {
      throw config.wrong("axes", "an axis or a pair of axes", json)
    }
  }

  /// `(batch, free axes of a, free axes of b)`, at least `(batch, 1)`.
  func contract(_ a: Value, _ b: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (left, leftFree) = try flattened(a, first, contractedLast: true, &context)
    let (right, rightFree) = try flattened(b, second, contractedLast: false, &context)
    let product = try context.op(.matmul(transposeA: false, transposeB: false), left, right)
    var target: [TargetDimension] = [context.dimensions(of: product)[0]]
    for axis in leftFree { target.append(context.shape(a)[axis].map { .fixed($0) } ?? .ofOperand(1, axis: axis)) }
    for axis in rightFree { target.append(context.shape(b)[axis].map { .fixed($0) } ?? .ofOperand(2, axis: axis)) }
    if target.count == 1 { target.append(.fixed(1)) }
    return try context.op(.reshape(target), product, a, b)
  }

  /// As `(batch, free, contracted)` or `(batch, contracted, free)`, with the free axes' numbers.
  private func flattened(
    _ x: Value, _ axes: [Int], contractedLast: Bool, _ context: inout LoweringContext
  ) throws(ModelError) -> (Value, [Int]) {
    let shape = context.shape(x)
    var contracted: [Int] = []
    for axis in axes {
      let resolved = try shape.axis(axis)
      guard resolved > 0, !contracted.contains(resolved) else {
        throw ModelError(.inputShape(expected: "distinct axes other than the batch in \(axes)", found: shape))
      }
      contracted.append(resolved)
    }
    let free = (1..<shape.rank).filter { !contracted.contains($0) }
    let order = [0] + (contractedLast ? free + contracted : contracted + free)
    let moved = order == Array(0..<shape.rank) ? x : try context.op(.transpose(order), x)
    let sizes = context.dimensions(of: moved)
    func joined(_ group: ArraySlice<TargetDimension>) throws(ModelError) -> TargetDimension {
      if group.isEmpty { return .fixed(1) }
      if group.count == 1, let only = group.first { return only }
      var product = 1
      for size in group {
        guard case .fixed(let known) = size, let next = checkedProduct([product, known]) else { return .inferred }
        product = next
      }
      return .fixed(product)
    }
    let split = 1 + (contractedLast ? free.count : contracted.count)
    let target = [sizes[0], try joined(sizes[1..<split]), try joined(sizes[split...])]
    return (try context.op(.reshape(target), moved), free)
  }
}
