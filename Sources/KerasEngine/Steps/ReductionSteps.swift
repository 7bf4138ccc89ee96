import CKernels
import KerasGraph

extension PlanCompiler {
  /// Neighbouring axes of the operand merged into runs that are all reduced or all kept.
  private func runs(_ index: Int, _ axes: [Int]) -> [(count: Int, isReduced: Bool)] {
    let shape = concrete.shape(concrete.graph.nodes[index].operands[0])
    var runs: [(count: Int, isReduced: Bool)] = []
    for axis in shape.indices where shape[axis] != 1 {
      let isReduced = axes.contains(axis)
      if let last = runs.last, last.isReduced == isReduced {
        runs[runs.count - 1].count *= shape[axis]
      } else {
        runs.append((shape[axis], isReduced))
      }
    }
    return runs
  }

  /// Floats for partial results where the reduced axes are not neighbours.
  func reductionScratch(_ index: Int) -> Int? {
    guard case .reduce(_, let axes, _) = concrete.graph.nodes[index].op else { return nil }
    let runs = runs(index, axes)
    guard runs.count(where: \.isReduced) > 1, let first = runs.last(where: \.isReduced) else { return nil }
    let total = runs.reduce(1) { $0 * $1.count }
    // Two buffers, since a partial result may be reduced once more.
    return first.count == 0 ? 2 : 2 * (total / first.count)
  }

  func reductionStep(
    _ index: Int, _ reduction: Reduction, _ axes: [Int], _ scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let isInt = concrete.isInt(operand)
    let kind =
      switch reduction {
      case .sum, .mean: KK_REDUCE_SUM
      case .maximum, .any: KK_REDUCE_MAXIMUM
      case .minimum, .all: KK_REDUCE_MINIMUM
      case .product: KK_REDUCE_PRODUCT
      }
    let shape = concrete.shape(operand)
    let divisor = reduction == .mean ? axes.reduce(1) { $0 * shape[$1] } : 1
    var remaining = runs(index, axes)
    if !remaining.contains(where: \.isReduced) { remaining.append((1, true)) }

    // From the innermost run outwards: each pass shrinks what the next one reads.
    let passes = remaining.count(where: \.isReduced)
    var source = try pointer(operand)
    let target = try pointer(Value(node: index))
    let half = (reductionScratch(index) ?? 0) / 2
    var calls: [(UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int, Int, Int, Bool)] = []
    for pass in 0..<passes {
      guard let position = remaining.lastIndex(where: \.isReduced) else { break }
      let outer = remaining[..<position].reduce(1) { $0 * $1.count }
      let inner = remaining[(position + 1)...].reduce(1) { $0 * $1.count }
      let isLast = pass == passes - 1
      var destination = target
      if !isLast {
        guard let scratch else { throw EngineError(.unsupported(op: "reduce", reason: "no scratch memory")) }
        destination = scratch + (pass % 2) * half
      }
      calls.append((destination, source, outer, remaining[position].count, inner, isLast))
      source = destination
      remaining.remove(at: position)
    }
    let isMean = reduction == .mean
    return step(index) {
      for (y, x, outer, count, inner, isLast) in calls {
        if isInt {
          y.withMemoryRebound(to: Int32.self, capacity: 1) { y in
            x.withMemoryRebound(to: Int32.self, capacity: 1) { x in
              kk_reduce_int(kind, y, x, outer, count, inner, isLast && isMean ? Int32(truncatingIfNeeded: divisor) : 1)
            }
          }
        } else {
          kk_reduce(kind, y, x, outer, count, inner, isLast && isMean ? 1 / Float(divisor) : 1)
        }
      }
    }
  }

  func argMaxStep(_ index: Int, _ axis: Int) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let (outer, count, inner) = around(axis, concrete.shape(operand))
    let (y, x) = (asInt(try pointer(Value(node: index))), try pointer(operand))
    if concrete.isInt(operand) {
      let ints = asInt(x)
      return step(index) { kk_argmax_int(y, ints, outer, count, inner) }
    }
    return step(index) { kk_argmax(y, x, outer, count, inner) }
  }

  func softmaxStep(_ index: Int, _ axis: Int, logarithm: Bool) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let (outer, count, inner) = around(axis, concrete.shape(operand))
    let (y, x) = (try pointer(Value(node: index)), try pointer(operand))
    return step(index) { kk_softmax(y, x, outer, count, inner, logarithm ? 1 : 0) }
  }

  func softmaxGradientStep(_ index: Int, _ axis: Int) throws(EngineError) -> Step {
    let operands = concrete.graph.nodes[index].operands
    let (outer, count, inner) = around(axis, concrete.shape(operands[0]))
    let (result, y, g) = (try pointer(Value(node: index)), try pointer(operands[0]), try pointer(operands[1]))
    return step(index) { kk_softmax_gradient(result, y, g, outer, count, inner) }
  }

  func cumulativeSumStep(_ index: Int, _ axis: Int, reverse: Bool) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let (outer, count, inner) = around(axis, concrete.shape(operand))
    let (y, x) = (try pointer(Value(node: index)), try pointer(operand))
    if concrete.isInt(operand) {
      let (yi, xi) = (asInt(y), asInt(x))
      return step(index) { kk_cumulative_sum_int(yi, xi, outer, count, inner, reverse ? 1 : 0) }
    }
    return step(index) { kk_cumulative_sum(y, x, outer, count, inner, reverse ? 1 : 0) }
  }

  /// The same memory, whose elements are int32.
  func asInt(_ pointer: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Int32.self)
  }
}
