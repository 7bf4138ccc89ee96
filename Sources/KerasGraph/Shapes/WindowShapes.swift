import KerasCore

extension OperandCheck {
  func convolution(_ convolution: Convolution) throws(GraphError) -> TensorType {
    try count(2)
    let (x, kernel) = (operands[0], operands[1])
    let window = try kernelSpatial(kernel, convolution)
    try sameType(x, kernel)
    try data(x, spatialRank: convolution.spatialRank)
    let channels = try inputChannels(kernel, convolution)
    _ = try merged(x.shape[x.shape.rank - 1], channels, "the channels differ", x.shape, kernel.shape)
    let spatial = try convolution.padding.outputSpatial(
      spatialDimensions(x), kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    return TensorType(x.dtype, Shape([x.shape[0]] + spatial + [kernel.shape[kernel.shape.rank - 1]]))
  }

  func convolutionInputGradient(_ convolution: Convolution, outputSpatial: [Int]?) throws(GraphError) -> TensorType {
    guard operands.count == 2 || operands.count == 3 else { throw countError("2 or 3") }
    let (gradient, kernel) = (operands[0], operands[1])
    let window = try kernelSpatial(kernel, convolution)
    try sameType(gradient, kernel)
    try data(gradient, spatialRank: convolution.spatialRank)
    let rank = gradient.shape.rank
    _ = try merged(
      gradient.shape[rank - 1], kernel.shape[rank - 1], "the channels differ", gradient.shape, kernel.shape)
    var spatial: [Int?]
    if operands.count == 3 {
      try data(operands[2], spatialRank: convolution.spatialRank)
      spatial = spatialDimensions(operands[2])
    } else if let outputSpatial {
      guard outputSpatial.count == convolution.spatialRank else {
        throw unsupported("outputSpatial must name each spatial axis")
      }
      spatial = outputSpatial
    } else {
      throw unsupported("either outputSpatial or a third operand must give the result's shape")
    }
    let forward = try convolution.padding.outputSpatial(
      spatial, kernel: window, strides: convolution.strides, dilations: convolution.dilations)
    for axis in spatial.indices {
      _ = try merged(
        forward[axis], gradient.shape[axis + 1], "a convolution to this gradient does not start from that shape",
        gradient.shape, Shape(spatial))
    }
    let channels = try inputChannels(kernel, convolution)
    return TensorType(gradient.dtype, Shape([gradient.shape[0]] + spatial + [channels]))
  }

  func convolutionKernelGradient(_ convolution: Convolution, kernelSpatial: [Int]) throws(GraphError) -> TensorType {
    try count(2)
    let (x, gradient) = (operands[0], operands[1])
    try attributes(convolution)
    try sameType(x, gradient)
    try data(x, spatialRank: convolution.spatialRank)
    try data(gradient, spatialRank: convolution.spatialRank)
    guard kernelSpatial.count == convolution.spatialRank else {
      throw unsupported("kernelSpatial must name each spatial axis")
    }
    let rank = x.shape.rank
    _ = try merged(x.shape[0], gradient.shape[0], "the batches differ", x.shape, gradient.shape)
    let forward = try convolution.padding.outputSpatial(
      spatialDimensions(x), kernel: kernelSpatial, strides: convolution.strides, dilations: convolution.dilations)
    for axis in forward.indices {
      _ = try merged(
        forward[axis], gradient.shape[axis + 1], "the convolution of x has another shape than this gradient", x.shape,
        gradient.shape)
    }
    var perGroup = x.shape[rank - 1]
    if let channels = perGroup {
      guard channels % convolution.groups == 0 else { throw mismatch("channels do not divide into groups", x.shape) }
      perGroup = channels / convolution.groups
    }
    return TensorType(x.dtype, Shape(kernelSpatial.map { $0 } + [perGroup, gradient.shape[rank - 1]]))
  }

  func pool(_ pooling: Pooling) throws(GraphError) -> TensorType {
    let x = try only()
    return TensorType(x.dtype, try pooledShape(x, pooling))
  }

  func poolGradient(_ pooling: Pooling) throws(GraphError) -> TensorType {
    try count(3)
    let x = operands[0]
    let pooled = try pooledShape(x, pooling)
    for operand in operands[1...] {
      try sameType(x, operand)
      _ = try merged(pooled, operand.shape, "not the shape of the pooling's result")
    }
    return x
  }

  private func pooledShape(_ x: TensorType, _ pooling: Pooling) throws(GraphError) -> Shape {
    let spatialRank = pooling.window.count
    guard spatialRank > 0, pooling.strides.count == spatialRank else {
      throw unsupported("window and strides must name the same spatial axes")
    }
    try floating(x)
    try data(x, spatialRank: spatialRank)
    let spatial = try pooling.padding.outputSpatial(
      spatialDimensions(x), kernel: pooling.window, strides: pooling.strides,
      dilations: [Int](repeating: 1, count: spatialRank))
    return Shape([x.shape[0]] + spatial + [x.shape[x.shape.rank - 1]])
  }

  private func attributes(_ convolution: Convolution) throws(GraphError) {
    guard convolution.spatialRank > 0, convolution.dilations.count == convolution.spatialRank, convolution.groups > 0
    else { throw unsupported("strides and dilations must name the same spatial axes, and groups be positive") }
  }

  private func data(_ type: TensorType, spatialRank: Int) throws(GraphError) {
    guard type.shape.rank == spatialRank + 2 else {
      throw GraphError(.rank(op: op, expected: "data of rank \(spatialRank + 2)", found: type.shape))
    }
  }

  private func spatialDimensions(_ type: TensorType) -> [Int?] { Array(type.shape.dimensions.dropFirst().dropLast()) }

  private func kernelSpatial(_ kernel: TensorType, _ convolution: Convolution) throws(GraphError) -> [Int] {
    try attributes(convolution)
    try floating(kernel)
    guard kernel.shape.rank == convolution.spatialRank + 2 else {
      throw GraphError(
        .rank(op: op, expected: "a kernel of rank \(convolution.spatialRank + 2)", found: kernel.shape))
    }
    guard let known = Shape(Array(kernel.shape.dimensions.dropLast(2))).concrete else {
      throw mismatch("the kernel's spatial shape must be known", kernel.shape)
    }
    if let out = kernel.shape[kernel.shape.rank - 1], out % convolution.groups != 0 {
      throw mismatch("the kernel's results do not divide into \(convolution.groups) groups", kernel.shape)
    }
    return known
  }

  private func inputChannels(_ kernel: TensorType, _ convolution: Convolution) throws(GraphError) -> Int? {
    try product(kernel.shape[kernel.shape.rank - 2], convolution.groups)
  }
}
