import CKernels
import COneDNN
import KerasGraph

extension PlanCompiler {
  /// A convolution or matrix product and what follows it.
  func productSteps(
    _ product: FusedProduct, scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> [Step] {
    switch concrete.graph.nodes[product.node].op {
    case .convolution(let convolution):
      if let scratch, let geometry = winogradGeometry(product.node) {
        return try winogradSteps(product, geometry, scratch: scratch)
      }
      if let geometry = packedGeometry(product.node) {
        return try packedConvolutionSteps(product, geometry, scratch: scratch)
      }
      return try convolutionSteps(product, convolution, scratch: scratch)
    case .matmul(let transposeA, let transposeB):
      return try matmulSteps(product, transposeA: transposeA, transposeB: transposeB, scratch: scratch)
    default: throw EngineError(.unsupported(op: "product", reason: "not a product"))
    }
  }

  /// Names the product and the operations fused into it.
  func productStep(
    _ product: FusedProduct, _ implementation: String, _ run: @escaping () throws(EngineError) -> Void
  ) -> Step {
    var names = [concrete.graph.nodes[product.node].op.name]
    if product.bias != nil { names.append("bias") }
    for operation in product.operations {
      switch operation {
      case .activation(let function): names.append(function.name)
      case .addition: names.append("add")
      }
    }
    return Step(
      name: names.joined(separator: "+"), scope: concrete.graph.nodes[product.node].scope,
      implementation: implementation, work: concrete.graph.work(of: product.node), run: run)
  }

  /// oneDNN's form of the operations after the product.
  func postOperations(_ product: FusedProduct) -> [PostOperation] {
    product.operations.flatMap { operation -> [PostOperation] in
      switch operation {
      case .activation(let function): function.postOperation ?? []
      case .addition: [.sum]
      }
    }
  }

  /// For products with an addition: brings the other value into the result's memory, unless it is there already.
  func residualSteps(_ product: FusedProduct) throws(EngineError) -> [Step] {
    for case .addition(let other) in product.operations where !sumsInPlace.contains(product.node) {
      let (target, source) = (try pointer(product.result), try pointer(other))
      let count = concrete.count(product.result)
      var copy = aside(product, "copy") { target.update(from: source, count: count) }
      copy.movedBytes = 4 * count
      return [copy]
    }
    return []
  }

  /// Where a product's plain result goes before the operations after it: not to the result's memory if a value that is
  /// still to be added stands there.
  func plainTarget(_ product: FusedProduct) throws(EngineError) -> UnsafeMutablePointer<Float> {
    try sumsInPlace.contains(product.node) ? temporary(concrete.count(product.result)) : pointer(product.result)
  }

  /// The operations after a product whose plain result is at `source`, as a pass of their own.
  ///
  /// `withBias` says whether the bias is still to be added.
  func epilogueStep(
    _ product: FusedProduct, from source: UnsafeMutablePointer<Float>, withBias: Bool
  ) throws(EngineError) -> Step? {
    let shape = concrete.shape(Value(node: product.node))
    let target = try pointer(product.result)
    if product.operations.isEmpty, !withBias || product.bias == nil, source == target { return nil }
    var builder = ElementwiseProgramBuilder(count: concrete.count(product.result))
    var current = try builder.read(source, shape: shape, into: shape)
    var pending: [(Instruction, Int32?)] = []
    if withBias, let bias = product.bias {
      let slot = try builder.read(pointer(bias), shape: [concrete.count(bias)], into: shape)
      pending.append((Instruction(KK_ADD), slot))
    }
    for operation in product.operations {
      switch operation {
      case .activation(let function):
        guard let instruction = function.instruction else { continue }
        pending.append((instruction, nil))
      case .addition(let other):
        pending.append((Instruction(KK_ADD), try builder.read(pointer(other), shape: shape, into: shape)))
      }
    }
    if pending.isEmpty { pending.append((Instruction(KK_COPY), nil)) }
    for (position, (instruction, other)) in pending.enumerated() {
      let result = position == pending.count - 1 ? builder.memory(target) : builder.temporary()
      builder.emit(instruction, result, [current] + (other.map { [$0] } ?? []))
      current = result
    }
    let program = try builder.finish()
    retain(program)
    return aside(product, "own epilogue") { program.run() }
  }

  /// A pass before or after a product, which does none of its work.
  private func aside(
    _ product: FusedProduct, _ implementation: String, _ run: @escaping () throws(EngineError) -> Void
  ) -> Step {
    var step = productStep(product, implementation, run)
    step.work = 0
    return step
  }

  /// The memory and order in which a primitive reads weights: reordered now if they are constant, else in each run.
  func weights(
    _ value: Value, _ own: MemoryDescriptor, wanted: MemoryDescriptor
  ) throws(EngineError) -> (memory: UnsafeMutablePointer<Float>, steps: [Step]) {
    if own.isSame(as: wanted) { return (try pointer(value), []) }
    if isConstant(value) {
      let buffer = try preparedWeights(of: value).reordered(concrete.root(value), wanted) {
        () throws(EngineError) in
        let buffer = try FloatBuffer(count: wanted.byteCount / 4 + 1, isZeroed: false)
        try withElements(of: value) { (source) throws(EngineError) in
          try reordering(source, own, to: buffer.pointer, wanted).execute()
        }
        return buffer
      }
      retainWeights(buffer)
      return (buffer.pointer, [])
    }
    if let target = sharing.weights(concrete.root(value), wanted) { return (target, []) }
    let target = try persistent(wanted.byteCount / 4 + 1)
    sharing.add(weights: target, of: concrete.root(value), wanted)
    return (target, [reorderStep(value.node, try reordering(pointer(value), own, to: target, wanted))])
  }

  /// The first factor of a product rounded to bfloat16 in scratch memory, and the step that rounds it.
  func rounded(
    _ value: Value, _ own: MemoryDescriptor, in scratch: UnsafeMutablePointer<Float>
  ) throws(EngineError) -> (descriptor: MemoryDescriptor, step: Step) {
    let descriptor = own.holding(dnnl_bf16)
    return (descriptor, reorderStep(value.node, try reordering(pointer(value), own, to: scratch, descriptor)))
  }

  /// A step that brings an array of a node into another order.
  func reorderStep(_ node: Int, _ reorder: Primitive) -> Step {
    Step(
      name: "reorder", scope: concrete.graph.nodes[node].scope, implementation: reorder.implementation,
      movedBytes: 4 * concrete.count(Value(node: node))
    ) { () throws(EngineError) in try reorder.execute() }
  }

  /// The copy of an array into another order.
  func reordering(
    _ source: UnsafeMutablePointer<Float>, _ from: MemoryDescriptor, to target: UnsafeMutablePointer<Float>,
    _ to: MemoryDescriptor
  ) throws(EngineError) -> Primitive {
    try Primitive(
      PrimitiveDescriptor(reorder: from, to: to, context), context,
      [(DNNL_ARG_FROM, from, source), (DNNL_ARG_TO, to, target)])
  }
}
