import CKernels
import KerasGraph

extension PlanCompiler {
  /// The steps of an operation that is computed by itself.
  func nodeSteps(_ index: Int, scratch: UnsafeMutablePointer<Float>?) throws(EngineError) -> [Step] {
    let node = concrete.graph.nodes[index]
    switch node.op {
    case .convolutionInputGradient(let convolution, _):
      if let scratch, let geometry = winogradGeometry(index) {
        return try winogradGradientSteps(index, geometry, scratch: scratch)
      }
      return try convolutionInputGradient(index, convolution)
    case .convolutionKernelGradient(let convolution, let window):
      return try convolutionKernelGradient(index, convolution, window)
    case .pool(let pooling): return [try poolStep(index, pooling)]
    case .poolGradient(let pooling): return [try poolGradientStep(index, pooling)]
    case .reduce(let reduction, let axes, _): return [try reductionStep(index, reduction, axes, scratch)]
    case .argMax(let axis): return [try argMaxStep(index, axis)]
    case .softmax(let axis): return [try softmaxStep(index, axis, logarithm: false)]
    case .logSoftmax(let axis): return [try softmaxStep(index, axis, logarithm: true)]
    case .softmaxGradient(let axis): return [try softmaxGradientStep(index, axis)]
    case .cumulativeSum(let axis, let reverse): return [try cumulativeSumStep(index, axis, reverse: reverse)]
    case .transpose(let permutation): return [try transposeStep(index, permutation)]
    case .concatenate(let axis): return try concatenationSteps(index, axis)
    case .slice(let starts, let limits, let strides): return [try sliceStep(index, starts, limits, strides)]
    case .sliceGradient(let starts, let limits, let strides):
      return [try sliceGradientStep(index, starts, limits, strides)]
    case .pad(let before, _, let value): return [try padStep(index, before, value)]
    case .reverse(let axes): return [try reverseStep(index, axes)]
    case .gatherRows: return [try gatherStep(index)]
    case .scatterAddRows: return [try scatterStep(index)]
    case .random(let distribution, let stream): return [try randomStep(index, distribution, stream)]
    case .lookup(let lookup): return [try lookupStep(index, lookup)]
    case .cross(let cross): return [try crossStep(index, cross)]
    case .encodeText(let text): return [try textStep(index, text)]
    case .hash(let hash): return [try hashStep(index, hash)]
    case .recurrence(let recurrence): return [try recurrenceStep(index, recurrence, scratch)]
    case .recurrenceGradient(let recurrence): return [try recurrenceGradientStep(index, recurrence, scratch)]
    case .custom(let function): return [try customStep(index, function)]
    case .customGradient(let function): return [try customGradientStep(index, function)]
    case .input, .parameter, .constant, .unary, .binary, .compare, .select, .cast, .matmul, .convolution, .reshape,
      .broadcast, .iota, .dimension, .stopGradient:
      throw EngineError(.unsupported(op: node.op.name, reason: "no step of its own"))
    }
  }

  /// A step for a node, computed by kernels of this package unless said otherwise.
  func step(
    _ index: Int, implementation: String = "own", _ run: @escaping () throws(EngineError) -> Void
  ) -> Step {
    let node = concrete.graph.nodes[index]
    return Step(
      name: node.op.name, scope: node.scope, implementation: implementation, work: concrete.graph.work(of: index),
      movedBytes: node.op.isMove ? 4 * concrete.count(Value(node: index)) : 0, run: run)
  }

  /// A shape seen as (axes before, the axis, axes after).
  func around(_ axis: Int, _ shape: [Int]) -> (outer: Int, count: Int, inner: Int) {
    (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
  }
}

extension Op {
  /// Whether the results are elements of the operands and nothing else.
  fileprivate var isMove: Bool {
    switch self {
    case .transpose, .concatenate, .slice, .sliceGradient, .pad, .reverse: true
    default: false
    }
  }
}
