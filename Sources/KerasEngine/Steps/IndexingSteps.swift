import CKernels
import KerasGraph

extension PlanCompiler {
  func gatherStep(_ index: Int) throws(EngineError) -> Step {
    let node = concrete.graph.nodes[index]
    let (table, indices) = (node.operands[0], node.operands[1])
    let rows = concrete.shape(table)[0]
    let width = concrete.shape(table)[1...].reduce(1, *)
    let count = concrete.count(indices)
    let (y, x, positions) = (try pointer(Value(node: index)), try pointer(table), asInt(try pointer(indices)))
    let scope = node.scope
    return step(index) { () throws(EngineError) in
      let bad = kk_gather_rows(y, x, positions, count, width, rows)
      if bad >= 0 { throw EngineError(.indexOutOfRange(index: Int(positions[bad]), rows: rows), scope: scope) }
    }
  }

  func scatterStep(_ index: Int) throws(EngineError) -> Step {
    let node = concrete.graph.nodes[index]
    let (gradient, indices) = (node.operands[0], node.operands[1])
    let result = Value(node: index)
    let rows = concrete.shape(result)[0]
    let width = concrete.shape(result)[1...].reduce(1, *)
    let (count, total) = (concrete.count(indices), concrete.count(result))
    let (y, x, positions) = (try pointer(result), try pointer(gradient), asInt(try pointer(indices)))
    let scope = node.scope
    return step(index) { () throws(EngineError) in
      kk_fill(y, 0, total)
      let bad = kk_scatter_add_rows(y, x, positions, count, width, rows)
      if bad >= 0 { throw EngineError(.indexOutOfRange(index: Int(positions[bad]), rows: rows), scope: scope) }
    }
  }

  func randomStep(_ index: Int, _ distribution: RandomDistribution, _ stream: Int) throws(EngineError) -> Step {
    let value = Value(node: index)
    let y = try pointer(value)
    let (count, state) = (concrete.count(value), state)
    let normal: Int32 = distribution == .normal ? 1 : 0
    return step(index) { kk_random(y, count, state.seed, UInt32(truncatingIfNeeded: stream), state.run, normal) }
  }
}
