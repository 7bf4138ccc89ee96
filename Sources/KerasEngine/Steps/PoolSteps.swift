import CKernels
import KerasGraph

extension PlanCompiler {
  private func pooling(_ pooling: Pooling, x: Value, y: Value) throws(EngineError) -> kk_pooling {
    let shape = concrete.shape(x)
    let rank = pooling.window.count
    guard (1...3).contains(rank) else {
      throw EngineError(.unsupported(op: "pool", reason: "\(rank) spatial axes"))
    }
    let spatial = Array(shape[1...rank])
    let before: [Int]
    do {
      before =
        try pooling.padding.resolved(
          inputSpatial: spatial, kernel: pooling.window, strides: pooling.strides,
          dilations: [Int](repeating: 1, count: rank)
        ).before
    } catch {
      throw EngineError(.graph(error))
    }
    // Missing axes come first, so that rows stay the innermost.
    func three(_ values: [Int], filling: Int) -> (Int, Int, Int) {
      let padded = [Int](repeating: filling, count: 3 - rank) + values
      return (padded[0], padded[1], padded[2])
    }
    let output = Array(concrete.shape(y)[1...rank])
    var result = kk_pooling()
    result.batch = shape[0]
    result.channels = shape[rank + 1]
    result.in = three(spatial, filling: 1)
    result.out = three(output, filling: 1)
    result.window = three(pooling.window, filling: 1)
    result.stride = three(pooling.strides, filling: 1)
    result.before = three(before, filling: 0)
    switch pooling.kind {
    case .maximum: result.maximum = 1
    case .average(let countsPadding): result.counts_padding = countsPadding ? 1 : 0
    }
    return result
  }

  func poolStep(_ index: Int, _ attributes: Pooling) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let result = Value(node: index)
    let pooling = try pooling(attributes, x: operand, y: result)
    let (y, x) = (try pointer(result), try pointer(operand))
    return step(index) { withUnsafePointer(to: pooling) { kk_pool($0, y, x) } }
  }

  func poolGradientStep(_ index: Int, _ attributes: Pooling) throws(EngineError) -> Step {
    let operands = concrete.graph.nodes[index].operands
    let pooling = try pooling(attributes, x: operands[0], y: operands[2])
    let (dx, x, dy) = (try pointer(Value(node: index)), try pointer(operands[0]), try pointer(operands[2]))
    return step(index) { withUnsafePointer(to: pooling) { kk_pool_gradient($0, dx, x, dy) } }
  }
}
