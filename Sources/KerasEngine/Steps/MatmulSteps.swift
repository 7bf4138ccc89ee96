import CKernels
import COneDNN
import KerasGraph

extension PlanCompiler {
  /// Up to so many rows a product is limited by reading the weights, and an own kernel starts faster.
  private static let fewRows = 4

  /// Whether the own kernel for packed weights reaches oneDNN's speed: a block of weights is read again for every six
  /// rows and must stay in the second-level cache if there are more.
  private func suitsPacking(_ geometry: MatmulGeometry) -> Bool {
    geometry.rows <= 6 || (geometry.rows <= 64 && geometry.inner <= 1024)
  }

  func matmulSteps(
    _ product: FusedProduct, transposeA: Bool, transposeB: Bool, scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let geometry = MatmulGeometry(
      a: concrete.shape(operands[0]), b: concrete.shape(operands[1]), y: concrete.shape(Value(node: product.node)),
      transposeA: transposeA, transposeB: transposeB)
    guard geometry.inner > 0 else {
      throw EngineError(.unsupported(op: "matmul", reason: "an empty operand"))
    }
    if let scratch, geometry.y.count == 2, isInBFloat16(weights: operands[1]),
      let fused = try? matmulDescriptor(geometry, product, operands, postOperations(product), factors: dnnl_bf16),
      !fused.implementation.hasPrefix("ref")
    {
      let own = try MemoryDescriptor.strided(geometry.a, geometry.aStrides)
      let (descriptor, round) = try rounded(operands[0], own, in: scratch)
      return try [round] + residualSteps(product)
        + matmulStep(product, geometry, fused, to: pointer(product.result), a: (descriptor, scratch))
    }
    if geometry.y.count == 2, geometry.rows <= Self.fewRows, !transposeA || geometry.rows == 1, !transposeB,
      isConstant(operands[1]), let steps = try passingProductSteps(product, geometry)
    {
      return steps
    }
    if geometry.y.count == 2, !transposeA || geometry.rows == 1, isConstant(operands[1]), suitsPacking(geometry) {
      return try packedProductSteps(product, geometry, transposeB: transposeB)
    }
    if geometry.y.count == 2, geometry.rows <= Self.fewRows, !transposeA || geometry.rows == 1 {
      return try smallProductSteps(product, geometry, transposeB: transposeB)
    }
    let fused = try? matmulDescriptor(geometry, product, operands, postOperations(product))
    if let fused, !fused.implementation.hasPrefix("ref") {
      return try residualSteps(product) + matmulStep(product, geometry, fused, to: pointer(product.result))
    }
    let plain = try matmulDescriptor(geometry, product, operands, [])
    let target = try plainTarget(product)
    return try matmulStep(product, geometry, plain, to: target)
      + [epilogueStep(product, from: target, withBias: false)].compactMap { $0 }
  }

  private func packedProductSteps(
    _ product: FusedProduct, _ geometry: MatmulGeometry, transposeB: Bool
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let (rows, inner, columns) = (geometry.rows, geometry.inner, geometry.columns)
    let packed = try packedWeights(
      .init(
        value: concrete.root(operands[1]), form: transposeB ? .transposedMatrix : .matrix, columns: columns),
      inner: inner, stride: columns)
    let x = try pointer(operands[0])
    let target = try plainTarget(product)
    var bias: UnsafeMutablePointer<Float>?
    if let value = product.bias { bias = try pointer(value) }
    var rest = product
    var cuts: Int32 = 0
    if case .activation(.relu)? = product.operations.first {
      cuts = 1
      rest.operations.removeFirst()
    }
    let (relu, start) = (cuts, bias)
    let multiply = productStep(product, "own packed") {
      kk_packed_product(target, columns, x, inner, packed, rows, inner, columns, 0, start, relu)
    }
    return try [multiply] + [epilogueStep(rest, from: target, withBias: false)].compactMap { $0 }
  }

  private func smallProductSteps(
    _ product: FusedProduct, _ geometry: MatmulGeometry, transposeB: Bool
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let (x, w) = (try pointer(operands[0]), try pointer(operands[1]))
    let (rows, inner, columns) = (geometry.rows, geometry.inner, geometry.columns)
    let target = try plainTarget(product)
    let multiply =
      transposeB
      ? productStep(product, "own") {
        kk_small_product_transposed(target, columns, x, inner, w, inner, rows, columns, inner, 0)
      }
      : productStep(product, "own") {
        kk_small_product(target, columns, x, inner, w, columns, rows, inner, columns, 0)
      }
    return try [multiply] + [epilogueStep(product, from: target, withBias: true)].compactMap { $0 }
  }

  private func biasDimensions(_ geometry: MatmulGeometry) -> [Int] {
    [Int](repeating: 1, count: geometry.y.count - 1) + [geometry.columns]
  }

  private func matmulDescriptor(
    _ geometry: MatmulGeometry, _ product: FusedProduct, _ operands: [Value], _ operations: [PostOperation],
    factors: dnnl_data_type_t = dnnl_f32
  ) throws(EngineError) -> PrimitiveDescriptor {
    let attributes = try PrimitiveAttributes()
    try attributes.setPostOperations(operations)
    var a = try MemoryDescriptor.strided(geometry.a, geometry.aStrides).holding(factors).raw
    var b =
      try isConstant(operands[1])
      ? MemoryDescriptor.any(geometry.b).holding(factors).raw
      : MemoryDescriptor.strided(geometry.b, geometry.bStrides).raw
    var y = try MemoryDescriptor.dense(geometry.y).raw
    var bias = dnnl_memory_desc_t()
    if product.bias != nil { bias = try MemoryDescriptor.dense(biasDimensions(geometry)).raw }
    var descriptor = dnnl_matmul_desc_t()
    try check(dnnl_matmul_desc_init(&descriptor, &a, &b, &bias, &y), "matmul")
    return try PrimitiveDescriptor(&descriptor, attributes, context, "matmul")
  }

  private func matmulStep(
    _ product: FusedProduct, _ geometry: MatmulGeometry, _ descriptor: PrimitiveDescriptor,
    to target: UnsafeMutablePointer<Float>,
    a: (descriptor: MemoryDescriptor, memory: UnsafeMutablePointer<Float>)? = nil
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let own = try MemoryDescriptor.strided(geometry.b, geometry.bStrides)
    let wanted = try descriptor.descriptor(dnnl_query_weights_md)
    let (b, reorders) = try weights(operands[1], own, wanted: wanted)
    let (source, memory) =
      if let a { a } else {
        (try MemoryDescriptor.strided(geometry.a, geometry.aStrides), try pointer(operands[0]))
      }
    var bindings = [
      (argument: DNNL_ARG_SRC, descriptor: source, memory: memory),
      (DNNL_ARG_WEIGHTS, wanted, b),
      (DNNL_ARG_DST, try MemoryDescriptor.dense(geometry.y), target),
    ]
    if let bias = product.bias {
      bindings.append((DNNL_ARG_BIAS, try .dense(biasDimensions(geometry)), try pointer(bias)))
    }
    let primitive = try Primitive(descriptor, context, bindings)
    return reorders + [
      productStep(product, primitive.implementation) { () throws(EngineError) in try primitive.execute() }
    ]
  }
}
