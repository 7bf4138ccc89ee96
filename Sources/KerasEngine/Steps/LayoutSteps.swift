import CKernels
import KerasGraph

extension PlanCompiler {
  /// A copy between two arrays walked by strides.
  private func copy(
    _ dimensions: [Int], to y: UnsafeMutablePointer<Float>, _ yStrides: [Int], from x: UnsafeMutablePointer<Float>,
    _ xStrides: [Int]
  ) throws(EngineError) -> () -> Void {
    if dimensions.contains(0) { return {} }
    var loop = StridedLoop(dimensions: dimensions, strides: [yStrides, xStrides])
    loop.merge()
    loop.moveContiguousAxisInward(ofArray: 1)
    guard loop.dimensions.count <= Int(KK_MAX_RANK) else {
      throw EngineError(.unsupported(op: "copy", reason: "rank \(dimensions.count)"))
    }
    let rank = loop.dimensions.count
    let numbers = IndexArray(loop.dimensions + loop.strides[0] + loop.strides[1])
    retain(numbers)
    let base = numbers.pointer
    return { kk_copy(Int32(rank), base, y, base + rank, x, base + 2 * rank) }
  }

  func transposeStep(_ index: Int, _ permutation: [Int]) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let shape = concrete.shape(Value(node: index))
    let strides = denseStrides(concrete.shape(operand))
    let run = try copy(
      shape, to: pointer(Value(node: index)), denseStrides(shape), from: pointer(operand),
      permutation.map { strides[$0] })
    return step(index) { run() }
  }

  func concatenationSteps(_ index: Int, _ axis: Int) throws(EngineError) -> [Step] {
    let node = concrete.graph.nodes[index]
    let strides = denseStrides(concrete.shape(Value(node: index)))
    var target = try pointer(Value(node: index))
    var copies: [() -> Void] = []
    for operand in node.operands {
      let shape = concrete.shape(operand)
      copies.append(try copy(shape, to: target, strides, from: pointer(operand), denseStrides(shape)))
      target += shape[axis] * strides[axis]
    }
    return [step(index) { for copy in copies { copy() } }]
  }

  /// Strides and first element of a slice of an array of `shape`.
  private func slice(
    _ shape: [Int], _ starts: [Int], _ limits: [Int?], _ steps: [Int]
  ) throws(EngineError) -> (offset: Int, strides: [Int]) {
    let strides = denseStrides(shape)
    var offset = 0
    for axis in shape.indices {
      guard let range = sliceRange(start: starts[axis], limit: limits[axis], size: shape[axis]) else {
        throw EngineError(.unsupported(op: "slice", reason: "a limit outside the axis"))
      }
      offset += range.lowerBound * strides[axis]
    }
    return (offset, shape.indices.map { strides[$0] * steps[$0] })
  }

  func sliceStep(_ index: Int, _ starts: [Int], _ limits: [Int?], _ steps: [Int]) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let shape = concrete.shape(Value(node: index))
    let (offset, strides) = try slice(concrete.shape(operand), starts, limits, steps)
    let run = try copy(
      shape, to: pointer(Value(node: index)), denseStrides(shape), from: pointer(operand) + offset, strides)
    return step(index) { run() }
  }

  func sliceGradientStep(
    _ index: Int, _ starts: [Int], _ limits: [Int?], _ steps: [Int]
  ) throws(EngineError) -> Step {
    let gradient = concrete.graph.nodes[index].operands[0]
    let result = Value(node: index)
    let (offset, strides) = try slice(concrete.shape(result), starts, limits, steps)
    let shape = concrete.shape(gradient)
    let target = try pointer(result)
    let run = try copy(shape, to: target + offset, strides, from: pointer(gradient), denseStrides(shape))
    let count = concrete.count(result)
    return step(index) {
      kk_fill(target, 0, count)
      run()
    }
  }

  func padStep(_ index: Int, _ before: [Int], _ value: Float) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let result = Value(node: index)
    let strides = denseStrides(concrete.shape(result))
    let shape = concrete.shape(operand)
    let target = try pointer(result)
    let offset = before.indices.reduce(0) { $0 + before[$1] * strides[$1] }
    let run = try copy(shape, to: target + offset, strides, from: pointer(operand), denseStrides(shape))
    let count = concrete.count(result)
    // Int data is held in the same four bytes.
    let filling = concrete.isInt(operand) ? Float(bitPattern: UInt32(bitPattern: Int32(clamping: Int(value)))) : value
    return step(index) {
      kk_fill(target, filling, count)
      run()
    }
  }

  func reverseStep(_ index: Int, _ axes: [Int]) throws(EngineError) -> Step {
    let operand = concrete.graph.nodes[index].operands[0]
    let shape = concrete.shape(operand)
    let strides = denseStrides(shape)
    var offset = 0
    var reversed = strides
    for axis in axes {
      offset += (shape[axis] - 1) * strides[axis]
      reversed[axis] = -strides[axis]
    }
    let run = try copy(shape, to: pointer(Value(node: index)), strides, from: pointer(operand) + offset, reversed)
    return step(index) { run() }
  }
}

/// Numbers that C code reads for as long as the plan lives.
final class IndexArray {
  let pointer: UnsafeMutablePointer<Int>

  init(_ values: [Int]) {
    pointer = .allocate(capacity: max(values.count, 1))
    pointer.initialize(from: values, count: values.count)
  }

  deinit { pointer.deallocate() }
}
