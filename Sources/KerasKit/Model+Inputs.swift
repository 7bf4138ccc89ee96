import KerasCore

extension Model {
  /// Arrays by name, brought into the order of the model's inputs.
  ///
  /// They are found by the inputs' own names, else as `x`, or `x0`, `x1` and so on.
  public func inOrder(_ arrays: [String: TensorData]) throws(KerasKitError) -> [TensorData] {
    try inputNames(among: Array(arrays.keys)).compactMap { arrays[$0] }
  }

  /// Which of the arrays of these names the inputs take, in the inputs' order.
  func inputNames(among available: [String]) throws(KerasKitError) -> [String] {
    let known = Set(available)
    // All by name or all by number: a mixture would be a guess.
    if inputs.allSatisfy({ known.contains($0.name) }) { return inputs.map(\.name) }
    if inputs.count == 1, known.contains("x") { return ["x"] }
    for (index, input) in inputs.enumerated() where !known.contains("x\(index)") {
      throw .missingInput(input.name, available: available.sorted())
    }
    return inputs.indices.map { "x\($0)" }
  }

  /// The arrays in the shapes of the inputs.
  ///
  /// As Keras does, a last axis of 1 is added or removed where that makes an array fit. The columns of a table are given
  /// the input's shape if their number is right.
  public func fitted(_ arrays: [TensorData]) throws(KerasKitError) -> [TensorData] {
    guard arrays.count == inputs.count else {
      throw .badRequest("the model takes \(inputs.count) arrays, received \(arrays.count)")
    }
    var result: [TensorData] = []
    for (array, input) in zip(arrays, inputs) {
      guard let count = array.shape.first else {
        throw .inputShape(input.name, expected: input.shape, found: Shape(array.shape))
      }
      if let first = result.first?.shape.first, first != count {
        throw .sampleCount(input.name, expected: first, found: count)
      }
      result.append(try Self.fitted(array, to: input))
    }
    return result
  }

  /// An array in the shape of an input.
  static func fitted(_ array: TensorData, to input: Port) throws(KerasKitError) -> TensorData {
    guard let shape = fittedShape(array.shape, to: input.shape) else {
      throw .inputShape(input.name, expected: input.shape, found: Shape(array.shape))
    }
    return try KerasKitError.wrap { shape == array.shape ? array : try array.reshaped(shape) }
  }

  /// Whether an array of that shape can stand for an input.
  static func fits(_ shape: [Int], _ input: Port) -> Bool { fittedShape(shape, to: input.shape) != nil }

  /// The shape in which an array can stand for an input, or `nil` if there is none.
  ///
  /// The batch axis is not compared: batches are cut later.
  private static func fittedShape(_ shape: [Int], to declared: Shape) -> [Int]? {
    let sample = Shape(Array(declared.dimensions.dropFirst()))
    let own = Array(shape.dropFirst())
    if sample.accepts(own) { return shape }
    if sample.accepts(own + [1]) { return shape + [1] }
    if own.last == 1, sample.accepts(Array(own.dropLast())) { return Array(shape.dropLast()) }
    if own.count == 1, let concrete = sample.concrete, checkedProduct(concrete) == own[0] {
      return [shape[0]] + concrete
    }
    return nil
  }
}
