import COneDNN
import KerasGraph

extension PlanCompiler {
  func convolutionSteps(
    _ product: FusedProduct, _ convolution: Convolution, scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let geometry = try ConvolutionGeometry(
      convolution, x: concrete.shape(operands[0]), kernel: concrete.shape(operands[1]),
      y: concrete.shape(Value(node: product.node)))
    guard concrete.count(operands[0]) > 0, concrete.count(operands[1]) > 0 else {
      throw EngineError(.unsupported(op: "convolution", reason: "an empty operand"))
    }
    if let scratch, isInBFloat16(weights: operands[1]),
      let fused = try? forwardDescriptor(geometry, product, postOperations(product), factors: dnnl_bf16),
      !fused.implementation.hasPrefix("ref")
    {
      let (descriptor, round) = try rounded(operands[0], geometry.xDescriptor(), in: scratch)
      return try [round] + residualSteps(product)
        + convolutionStep(product, geometry, fused, to: pointer(product.result), x: (descriptor, scratch))
    }
    let fused = try? forwardDescriptor(geometry, product, postOperations(product))
    if let fused, !fused.implementation.hasPrefix("ref") {
      return try residualSteps(product) + convolutionStep(product, geometry, fused, to: pointer(product.result))
    }
    // The operations after the product keep oneDNN from its fast implementations: they get a pass of their own.
    let plain = try forwardDescriptor(geometry, product, [])
    let target = try plainTarget(product)
    return try convolutionStep(product, geometry, plain, to: target)
      + [epilogueStep(product, from: target, withBias: false)].compactMap { $0 }
  }

  private func forwardDescriptor(
    _ geometry: ConvolutionGeometry, _ product: FusedProduct?, _ operations: [PostOperation],
    factors: dnnl_data_type_t = dnnl_f32
  ) throws(EngineError) -> PrimitiveDescriptor {
    let attributes = try PrimitiveAttributes()
    try attributes.setPostOperations(operations)
    var x = try geometry.xDescriptor().holding(factors).raw
    var y = try geometry.yDescriptor().raw
    var kernel = try MemoryDescriptor.any(geometry.kernel).holding(factors).raw
    var bias = dnnl_memory_desc_t()
    if product?.bias != nil { bias = try MemoryDescriptor.dense([geometry.y[1]]).raw }
    var descriptor = dnnl_convolution_desc_t()
    // Without a product this only tells the gradients what they are gradients of.
    let purpose = product == nil ? dnnl_forward_training : dnnl_forward_inference
    try check(
      dnnl_dilated_convolution_forward_desc_init(
        &descriptor, purpose, dnnl_convolution_direct, &x, &kernel, &bias, &y, geometry.strides, geometry.dilations,
        geometry.before, geometry.after), "convolution")
    return try PrimitiveDescriptor(&descriptor, attributes, context, "convolution")
  }

  private func convolutionStep(
    _ product: FusedProduct, _ geometry: ConvolutionGeometry, _ descriptor: PrimitiveDescriptor,
    to target: UnsafeMutablePointer<Float>,
    x: (descriptor: MemoryDescriptor, memory: UnsafeMutablePointer<Float>)? = nil
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[product.node].operands
    let wanted = try descriptor.descriptor(dnnl_query_weights_md)
    let (kernel, reorders) = try weights(operands[1], geometry.kernelDescriptor(), wanted: wanted)
    let (source, memory) = if let x { x } else { (try geometry.xDescriptor(), try pointer(operands[0])) }
    var bindings = [
      (argument: DNNL_ARG_SRC, descriptor: source, memory: memory),
      (DNNL_ARG_WEIGHTS, wanted, kernel),
      (DNNL_ARG_DST, try geometry.yDescriptor(), target),
    ]
    if let bias = product.bias { bindings.append((DNNL_ARG_BIAS, try .dense([geometry.y[1]]), try pointer(bias))) }
    let primitive = try Primitive(descriptor, context, bindings)
    return reorders + [
      productStep(product, primitive.implementation) { () throws(EngineError) in try primitive.execute() }
    ]
  }

  func convolutionInputGradient(_ index: Int, _ convolution: Convolution) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[index].operands
    let result = Value(node: index)
    let geometry = try ConvolutionGeometry(
      convolution, x: concrete.shape(result), kernel: concrete.shape(operands[1]), y: concrete.shape(operands[0]))
    let target = try pointer(result)
    if concrete.count(operands[0]) == 0 {
      let count = concrete.count(result)
      return [step(index) { target.update(repeating: 0, count: count) }]
    }
    let forward = try forwardDescriptor(geometry, nil, [])
    let attributes = try PrimitiveAttributes()
    var x = try geometry.xDescriptor().raw
    var y = try geometry.yDescriptor().raw
    var kernel = try MemoryDescriptor.any(geometry.kernel).raw
    var operation = dnnl_convolution_desc_t()
    try check(
      dnnl_dilated_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &x, &kernel, &y, geometry.strides, geometry.dilations, geometry.before,
        geometry.after), "convolution gradient")
    let descriptor = try PrimitiveDescriptor(&operation, attributes, context, "convolution gradient", hint: forward)
    let wanted = try descriptor.descriptor(dnnl_query_weights_md)
    let (memory, reorders) = try weights(operands[1], geometry.kernelDescriptor(), wanted: wanted)
    let primitive = try Primitive(
      descriptor, context,
      [
        (DNNL_ARG_DIFF_DST, try geometry.yDescriptor(), try pointer(operands[0])),
        (DNNL_ARG_WEIGHTS, wanted, memory),
        (DNNL_ARG_DIFF_SRC, try geometry.xDescriptor(), target),
      ])
    return reorders + [
      step(index, implementation: primitive.implementation) { () throws(EngineError) in try primitive.execute() }
    ]
  }

  func convolutionKernelGradient(
    _ index: Int, _ convolution: Convolution, _ window: [Int]
  ) throws(EngineError) -> [Step] {
    let operands = concrete.graph.nodes[index].operands
    let result = Value(node: index)
    let geometry = try ConvolutionGeometry(
      convolution, x: concrete.shape(operands[0]), kernel: concrete.shape(result), y: concrete.shape(operands[1]))
    let target = try pointer(result)
    if concrete.count(operands[0]) == 0 || concrete.count(operands[1]) == 0 {
      let count = concrete.count(result)
      return [step(index) { target.update(repeating: 0, count: count) }]
    }
    let forward = try forwardDescriptor(geometry, nil, [])
    let attributes = try PrimitiveAttributes()
    var x = try geometry.xDescriptor().raw
    var y = try geometry.yDescriptor().raw
    var kernel = try MemoryDescriptor.any(geometry.kernel).raw
    var bias = dnnl_memory_desc_t()
    var operation = dnnl_convolution_desc_t()
    try check(
      dnnl_dilated_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &x, &kernel, &bias, &y, geometry.strides, geometry.dilations,
        geometry.before, geometry.after), "convolution kernel gradient")
    let descriptor = try PrimitiveDescriptor(
      &operation, attributes, context, "convolution kernel gradient", hint: forward)
    let made = try descriptor.descriptor(dnnl_query_diff_weights_md)
    let own = try geometry.kernelDescriptor()
    let isPlain = made.isSame(as: own)
    let memory = try isPlain ? target : persistent(made.byteCount / 4 + 1)
    let primitive = try Primitive(
      descriptor, context,
      [
        (DNNL_ARG_SRC, try geometry.xDescriptor(), try pointer(operands[0])),
        (DNNL_ARG_DIFF_DST, try geometry.yDescriptor(), try pointer(operands[1])),
        (DNNL_ARG_DIFF_WEIGHTS, made, memory),
      ])
    var steps = [
      step(index, implementation: primitive.implementation) { () throws(EngineError) in try primitive.execute() }
    ]
    if !isPlain {
      let reorder = try reordering(memory, made, to: target, own)
      steps.append(reorderStep(index, reorder))
    }
    return steps
  }
}
