import KerasCore

/// Computes what depends on nothing but constants and known parameters.
struct ConstantFolding: RewriteRule {
  let parameters: KnownParameters

  /// A folded result may not be much larger than what it was made of.
  private static let freeElements = 4096
  /// Elements of results beyond that, repeated numbers among them, where nothing may be computed from constants alone.
  let limit: Int?

  init(parameters: KnownParameters, limit: Int? = nil) { (self.parameters, self.limit) = (parameters, limit) }

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    guard node.types.count == 1, let shape = node.types[0].shape.concrete, !operands.isEmpty else { return nil }
    if case .iota = node.op, let count = checkedProduct(shape), count <= limit ?? Self.freeElements,
      let places = evaluate(node.op, [], node.types[0].dtype, shape)?.data
    {
      // Of its operand the sizes alone matter.
      return [graph.addConstant(places)]
    }
    guard isFoldable(node.op), operands.allSatisfy({ isKnown($0, graph) }) else { return nil }
    let sizes = operands.compactMap { graph.shape($0).elementCount }
    guard let count = checkedProduct(shape), count <= max(limit ?? Self.freeElements, sizes.reduce(0, +)) else {
      return nil
    }

    // A repeated number stays one number.
    if limit == nil, case .broadcast = node.op, count > sizes.first ?? 0 { return nil }
    if case .reshape = node.op, let data = known(operands[0], graph), data.dtype == node.types[0].dtype,
      let reshaped = try? data.reshaped(shape)
    {
      return [graph.addConstant(reshaped)]
    }
    var tensors: [ConstantTensor] = []
    for operand in operands {
      guard let data = known(operand, graph), var tensor = ConstantTensor(data) else { return nil }
      // A file may hold a weight in another precision than the graph computes with.
      tensor.dtype = graph.type(operand).dtype
      tensors.append(tensor)
    }
    guard let data = evaluate(node.op, tensors, node.types[0].dtype, shape)?.data else {
      return nil
    }
    return [graph.addConstant(data)]
  }

  private func isKnown(_ value: Value, _ graph: Graph) -> Bool { graph.knownShape(value, parameters) != nil }

  private func known(_ value: Value, _ graph: Graph) -> TensorData? { graph.knownData(value, parameters) }

  private func isFoldable(_ op: Op) -> Bool {
    switch op {
    case .unary, .binary, .compare, .select, .cast, .reduce, .reshape, .transpose, .broadcast, .slice, .reverse,
      .concatenate, .stopGradient, .iota, .gatherRows, .scatterAddRows:
      true
    default: false
    }
  }

  private func evaluate(_ op: Op, _ x: [ConstantTensor], _ dtype: DType, _ shape: [Int]) -> ConstantTensor? {
    func made(_ values: [Double]) -> ConstantTensor { ConstantTensor(dtype: dtype, shape: shape, values: values) }
    switch op {
    case .unary(let function): return made(x[0].values.map { function.value(at: $0) })
    case .binary(let function):
      let (a, b) = (x[0].broadcast(to: shape).values, x[1].broadcast(to: shape).values)
      return made(zip(a, b).map { function.value(at: $0, $1) })
    case .compare(let comparison):
      let (a, b) = (x[0].broadcast(to: shape).values, x[1].broadcast(to: shape).values)
      return made(zip(a, b).map { comparison.holds($0, $1) ? 1 : 0 })
    case .select:
      let (condition, a, b) = (x[0].broadcast(to: shape), x[1].broadcast(to: shape), x[2].broadcast(to: shape))
      return made(a.values.indices.map { condition.values[$0] != 0 ? a.values[$0] : b.values[$0] })
    case .cast(let dtype):
      if dtype == .bool { return made(x[0].values.map { $0 != 0 ? 1 : 0 }) }
      return made(dtype.isInteger ? x[0].values.map { $0.rounded(.towardZero) } : x[0].values)
    case .stopGradient, .reshape: return made(x[0].values)
    case .broadcast: return x[0].broadcast(to: shape)
    case .transpose(let permutation): return x[0].transposed(permutation)
    case .reduce(let reduction, let axes, _): return reduced(reduction, x[0], axes, made)
    case .slice(let starts, let limits, let strides): return sliced(x[0], starts, limits, strides, shape)
    case .reverse(let axes):
      var strides = ConstantTensor.strides(x[0].shape)
      var start = 0
      for axis in axes where x[0].shape[axis] > 0 {
        start += strides[axis] * (x[0].shape[axis] - 1)
        strides[axis] = -strides[axis]
      }
      return x[0].walked(shape, strides: strides, from: start)
    case .concatenate(let axis): return concatenated(x, axis, made)
    case .gatherRows: return gathered(x[0], places: x[1], made)
    case .scatterAddRows: return scattered(x[0], places: x[1], shape, made)
    case .iota(let axis):
      let line = ConstantTensor(dtype: dtype, shape: [shape[axis]], values: (0..<shape[axis]).map { Double($0) })
      return line.walked(shape, strides: shape.indices.map { $0 == axis ? 1 : 0 })
    default: return nil
    }
  }

  private func sliced(
    _ x: ConstantTensor, _ starts: [Int], _ limits: [Int?], _ steps: [Int], _ shape: [Int]
  ) -> ConstantTensor? {
    let own = ConstantTensor.strides(x.shape)
    var start = 0
    for axis in shape.indices {
      guard let range = sliceRange(start: starts[axis], limit: limits[axis], size: x.shape[axis]) else { return nil }
      start += range.lowerBound * own[axis]
    }
    return x.walked(shape, strides: shape.indices.map { own[$0] * steps[$0] }, from: start)
  }

  private func concatenated(
    _ parts: [ConstantTensor], _ axis: Int, _ made: ([Double]) -> ConstantTensor
  ) -> ConstantTensor? {
    let outer = parts[0].shape[..<axis].reduce(1, *)
    var values: [Double] = []
    for row in 0..<outer {
      for part in parts {
        let width = part.shape[axis...].reduce(1, *)
        values += part.values[row * width..<(row + 1) * width]
      }
    }
    return made(values)
  }

  /// `nil` for a place outside the table, which is an error when the graph runs.
  private func gathered(
    _ table: ConstantTensor, places: ConstantTensor, _ made: ([Double]) -> ConstantTensor
  ) -> ConstantTensor? {
    let (rows, width) = (table.shape[0], table.shape.dropFirst().reduce(1, *))
    var values: [Double] = []
    for place in places.values {
      guard let row = Int(exactly: place), (0..<rows).contains(row) else { return nil }
      values += table.values[row * width..<(row + 1) * width]
    }
    return made(values)
  }

  private func scattered(
    _ rows: ConstantTensor, places: ConstantTensor, _ shape: [Int], _ made: ([Double]) -> ConstantTensor
  ) -> ConstantTensor? {
    let width = shape.dropFirst().reduce(1, *)
    var sums = [Double](repeating: 0, count: shape.reduce(1, *))
    for (index, place) in places.values.enumerated() {
      guard let row = Int(exactly: place), (0..<shape[0]).contains(row) else { return nil }
      for column in 0..<width { sums[row * width + column] += rows.values[index * width + column] }
    }
    return made(sums)
  }

  private func reduced(
    _ reduction: Reduction, _ x: ConstantTensor, _ axes: [Int], _ made: ([Double]) -> ConstantTensor
  ) -> ConstantTensor? {
    let kept = x.shape.indices.filter { !axes.contains($0) }
    let inner = axes.map { x.shape[$0] }.reduce(1, *)
    guard inner > 0 else { return nil }
    // Reduced axes last: every result is made of one run of elements.
    let lines = x.transposed(kept + axes).values
    return made(
      stride(from: 0, to: lines.count, by: inner).map { start in
        let line = lines[start..<start + inner]
        return switch reduction {
        case .sum: line.reduce(0, +)
        case .mean: line.reduce(0, +) / Double(inner)
        case .maximum: line.reduce(-.infinity) { Binary.maximum.value(at: $0, $1) }
        case .minimum: line.reduce(.infinity) { Binary.minimum.value(at: $0, $1) }
        case .product: line.reduce(1, *)
        case .any: line.contains { $0 != 0 } ? 1 : 0
        case .all: line.allSatisfy { $0 != 0 } ? 1 : 0
        }
      })
  }
}
