import KerasCore
import KerasGraph

/// The product of a Dense or EinsumDense with a quantized kernel.
struct QuantizedProduct: Sendable {
  let quantization: Quantization
  let equation: EinsumEquation
  /// The shape the kernel has in the equation.
  let kernelShape: [Int]

  // MARK: Variables

  /// The variables in the order Keras stores them; `scale` is the shape of int8's.
  func weights(kernel: WeightSpec, bias: WeightSpec?, scale: [Int]) throws(ModelError) -> [WeightSpec] {
    func fixed(_ role: String, _ shape: [Int]) -> WeightSpec { WeightSpec(role, shape, trainable: false) }
    let front = [bias].compactMap { $0 }
    switch quantization.mode {
    case .int8: return [fixed("kernel", kernelShape)] + front + [fixed("kernel_scale", scale)]
    case .int4AlongInputs:
      var packed = kernelShape
      packed[packedAxis] = (packed[packedAxis] + 1) / 2
      return [fixed("kernel", packed)] + front + [fixed("kernel_scale", scale)]
    case .int4(let block):
      let (rows, columns) = summedSizes
      let groups = Quantization.groups(rows, block)
      return [fixed("kernel", [rows, (columns + 1) / 2])] + front
        + [fixed("kernel_scale", block == nil ? [columns] : [groups, columns])]
        + (block == nil ? [] : [fixed("kernel_zero", [groups, columns]), fixed("g_idx", [rows])])
    case .float8(let length):
      return [kernel] + front
        + ["inputs", "kernel", "outputs_grad"].flatMap {
          [fixed($0 + "_scale", []), fixed($0 + "_amax_history", [length])]
        }
    case .gptq(let bits, let group):
      return front + (try grouped(bits: bits, group: group)) + [fixed("g_idx", [try groupedSizes().rows])]
    }
  }

  private func grouped(bits: Int, group: Int?) throws(ModelError) -> [WeightSpec] {
    let (rows, columns) = try groupedSizes()
    let groups = Quantization.groups(rows, group)
    return [
      WeightSpec("quantized_kernel", [bits == 4 ? (columns + 1) / 2 : columns, rows], trainable: false),
      WeightSpec("kernel_scale", [columns, groups], trainable: false),
      WeightSpec("kernel_zero", [columns, groups], trainable: false),
    ]
  }

  /// int4 lays the kernel out by what the product sums; the order of the axes stays.
  private var summedSizes: (rows: Int, columns: Int) {
    var (rows, columns) = (1, 1)
    for (letter, size) in zip(equation.kernel, kernelShape) {
      if equation.output.contains(letter) { columns *= size } else { rows *= size }
    }
    return (rows, columns)
  }

  /// Of the layout before Keras 3.14.
  private var packedAxis: Int { equation.kernel.firstIndex { !equation.output.contains($0) } ?? 0 }

  /// GPTQ takes the first axis, or the first two, as rows: by where the largest is.
  private func groupedSizes() throws(ModelError) -> (rows: Int, columns: Int) {
    if kernelShape.count == 2 { return (kernelShape[0], kernelShape[1]) }
    guard kernelShape.count == 3 else {
      throw ModelError(.unsupported("GPTQ of a kernel of shape \(Shape(kernelShape))"))
    }
    let largest = kernelShape.max().flatMap { kernelShape.firstIndex(of: $0) }
    return largest == 0
      ? (kernelShape[0], kernelShape[1] * kernelShape[2]) : (kernelShape[0] * kernelShape[1], kernelShape[2])
  }

  // MARK: Computation

  /// The product without the bias.
  func product(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    switch quantization.mode {
    case .int8, .int4AlongInputs:
      let scale = try context.weight("kernel_scale")
      let kernel = try integerKernel(&context)
      let (y, inputScale) = try product(x, kernel, &context)
      let divisor = try inputScale.map { factor throws(ModelError) in try context.f(.multiply, factor, scale) } ?? scale
      return try trained(context.f(.divide, y, divisor), x, &context) { context throws(ModelError) in
        try context.f(.divide, equation.product(x, kernel, &context), scale)
      }
    case .int4:
      let kernel = try floatKernel(&context)
      let (y, inputScale) = try product(x, kernel, &context)
      guard let inputScale else { return y }
      return try trained(context.f(.divide, y, inputScale), x, &context) { context throws(ModelError) in
        try equation.product(x, kernel, &context)
      }
    case .float8:
      guard !context.isTraining else { throw ModelError(.unsupported("training a layer quantized to float8")) }
      let input = try context.throughFloat8(x, scale: context.weight("inputs_scale"))
      let kernel = try context.throughFloat8(context.weight("kernel"), scale: context.weight("kernel_scale"))
      return try equation.product(input, kernel, &context)
    case .gptq: return try equation.product(x, floatKernel(&context), &context)
    }
  }

  /// The bias as the product's mode adds it: float8 rounds it on its way.
  func bias(_ context: inout LoweringContext) throws(ModelError) -> Value {
    let bias = try context.weight("bias")
    if case .float8 = quantization.mode, context.format == nil { return try context.f(.rounded(.bfloat16), bias) }
    return bias
  }

  private func product(
    _ x: Value, _ kernel: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> (y: Value, inputScale: Value?) {
    guard let inputs = quantization.inputs else { return (try equation.product(x, kernel, &context), nil) }
    let axes = try equation.summedAxes(rank: context.shape(x).rank)
    let (values, scale) = try inputs.quantized(x, axes: axes, &context)
    return (try equation.product(values, kernel, &context), try equation.aligned(scale, &context))
  }

  /// In training the gradient is that of the product with unquantized inputs, as Keras defines it.
  private func trained(
    _ y: Value, _ x: Value, _ context: inout LoweringContext,
    _ unquantized: (inout LoweringContext) throws(ModelError) -> Value
  ) throws(ModelError) -> Value {
    guard context.isTraining, quantization.inputs != nil else { return y }
    let exact = try unquantized(&context)
    return try context.f(.add, exact, context.op(.stopGradient, context.f(.subtract, y, exact)))
  }

  private func integerKernel(_ context: inout LoweringContext) throws(ModelError) -> Value {
    let stored = try context.weight("kernel")
    guard quantization.mode == .int4AlongInputs else { return stored }
    // The packed axis last, the others joined before it.
    let others = kernelShape.indices.filter { $0 != packedAxis }
    let order = others + [packedAxis]
    let count = kernelShape[packedAxis]
    let flat = [TargetDimension.fixed(others.reduce(1) { $0 * kernelShape[$1] }), .fixed((count + 1) / 2)]
    let rows = try context.op(.reshape(flat), context.op(.transpose(order), stored))
    let q = try context.unpacked(rows, count: count, isSigned: true)
    let apart = try context.op(.reshape(order.map { .fixed(kernelShape[$0]) }), q)
    return try context.op(.transpose(kernelShape.indices.map { order.firstIndex(of: $0) ?? 0 }), apart)
  }

  private func floatKernel(_ context: inout LoweringContext) throws(ModelError) -> Value {
    let kernel: Value
    switch quantization.mode {
    case .int4(let block):
      let q = try context.unpacked(context.weight("kernel"), count: summedSizes.columns, isSigned: true)
      kernel =
        block == nil
        ? try context.f(.divide, q, context.weight("kernel_scale"))
        : try context.dequantized(
          q, scale: context.weight("kernel_scale"), zero: context.weight("kernel_zero"),
          groupOfRow: context.weight("g_idx"))
    case .gptq(bits: 4, _):
      // Packed along its first axis.
      let bytes = try context.op(.transpose([1, 0]), context.weight("quantized_kernel"))
      kernel = try grouped(
        context.unpacked(bytes, count: groupedSizes().columns, isSigned: false), &context)
    default: kernel = try grouped(context.op(.transpose([1, 0]), context.weight("quantized_kernel")), &context)
    }
    return try context.op(.reshape(kernelShape.map { .fixed($0) }), kernel)
  }

  private func grouped(_ q: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.dequantized(
      q, scale: context.op(.transpose([1, 0]), context.weight("kernel_scale")),
      zero: context.op(.transpose([1, 0]), context.weight("kernel_zero")), groupOfRow: context.weight("g_idx"))
  }
}
