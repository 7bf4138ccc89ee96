import KerasGraph

extension PlanCompiler {
  func customStep(_ index: Int, _ function: CustomFunction) throws(EngineError) -> Step {
    let node = concrete.graph.nodes[index]
    let read = try reader(of: node.operands)
    let result = Value(node: index)
    let (y, shape, scope) = (try pointer(result), concrete.shape(result), node.scope)
    return step(index, implementation: "the program's") { () throws(EngineError) in
      do throws(GraphError) {
        let values = try function.result(read(), shape: shape)
        for (place, value) in values.enumerated() { y[place] = Float(value) }
      } catch {
        throw EngineError(.graph(error), scope: scope)
      }
    }
  }

  func customGradientStep(_ index: Int, _ function: CustomFunction) throws(EngineError) -> Step {
    let node = concrete.graph.nodes[index]
    let read = try reader(of: node.operands)
    var targets: [UnsafeMutablePointer<Float>] = []
    for output in node.types.indices { targets.append(try pointer(Value(node: index, output: output))) }
    let scope = node.scope
    return step(index, implementation: "the program's") { () throws(EngineError) in
      do throws(GraphError) {
        let all = read()
        let gradients = try function.gradients(
          Array(all.dropLast(2)), result: all[all.count - 2], gradient: all[all.count - 1])
        for (target, values) in zip(targets, gradients) {
          for (place, value) in values.enumerated() { target[place] = Float(value) }
        }
      } catch {
        throw EngineError(.graph(error), scope: scope)
      }
    }
  }

  /// What copies the operands out of the plan's memory.
  private func reader(of operands: [Value]) throws(EngineError) -> () -> [CustomFunction.Operand] {
    var places: [(pointer: UnsafeMutablePointer<Float>, shape: [Int])] = []
    for operand in operands { places.append((try pointer(operand), concrete.shape(operand))) }
    return {
      places.map { place in
        let count = place.shape.reduce(1, *)
        return CustomFunction.Operand(
          shape: place.shape, values: UnsafeBufferPointer(start: place.pointer, count: count).map(Double.init))
      }
    }
  }
}
