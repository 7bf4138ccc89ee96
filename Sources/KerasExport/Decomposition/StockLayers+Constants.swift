import KerasCore
import KerasGraph
import KerasModel

/// Operations with constants, and products of matrices for each head.
extension StockLayers {
  /// More heads than this would make models that are slow to load.
  private static let mostHeads = 64

  /// x ⊕ constant array, or their product as matrices.
  mutating func withConstant(
    _ operation: LayerConfig, _ x: TensorReference, _ constant: TensorData, isFirst: Bool
  ) throws(Failure) -> Bool {
    guard var shape = types(x)?.shape, var values = try? constant.doubles() else { return false }
    var x = x
    if operation.className != "Matmul", constant.shape.count == shape.rank {
      let isRepeated = ["Add", "Subtract"].contains(operation.className) && !isFirst && values.allSatisfy { $0 == 0 }
      (x, shape) = repeated(x, shape, constant.shape, name: isRepeated ? operation.name : nil)
      if layers.last?.name == operation.name { return true }
    }
    var shift: [Double]?
    switch operation.className {
    case "Matmul" where !isFirst && constant.shape.count == 2:
      appendDense(operation.name, x, constant)
      return true
    case "Add":
      if addsBias(operation, x, constant) { return true }
      shift = values
    case "Subtract":
      shift = isFirst ? values : values.map { -$0 }
      values = [isFirst ? -1 : 1]
    case "Multiply": break
    case "Divide" where !isFirst && values.allSatisfy({ $0 != 0 }): values = values.map { 1 / $0 }
    default: return false
    }
    if operation.className == "Add" { values = [1] }
    return scaled(operation.name, x, shape, constant.shape, by: values, plus: shift ?? [])
  }

  /// The tensor, repeated along its axes of one where the constants have more; the last layer gets the name.
  private mutating func repeated(
    _ x: TensorReference, _ shape: Shape, _ array: [Int], name: String?
  ) -> (TensorReference, Shape) {
    let axes = array.indices.filter { $0 > 0 && shape[$0] == 1 && array[$0] > 1 }
    var result = x
    var sizes = shape.dimensions
    for axis in axes {
      let own = axis == axes.last ? name : nil
      result = append(
        "Concatenate", own ?? unique("\(x.layer)_repeated"), ["axis": JSON(axis)],
        [TensorReference](repeating: result, count: array[axis]))
      sizes[axis] = array[axis]
    }
    return (result, Shape(sizes))
  }

  /// Puts the layers of a scaling with constants in the operation's place.
  private mutating func scaled(
    _ name: String, _ x: TensorReference, _ shape: Shape, _ array: [Int], by scale: [Double], plus offset: [Double]
  ) -> Bool {
    guard let chain = FixedScaling(name: name, shape: shape, array: array, scale: scale, offset: offset) else {
      return false
    }
    holdsConstants = true
    var source = x
    for (index, layer) in chain.layers.enumerated() {
      let own = index == chain.layers.count - 1 ? name : unique(layer.name + "_fixed")
      source = append(layer.className, own, layer.fields, args: [.tensor(source)])
      guard layer.name == chain.holder else { continue }
      for (role, weight) in chain.weights { weights["\(own)/\(role)"] = weight }
    }
    return true
  }

  /// Numbers of x where a known mask holds and another number elsewhere: x times the mask, plus that number where it is zero.
  mutating func chosen(_ operation: LayerConfig, _ x: TensorReference, _ arguments: [JSON]) -> Bool {
    guard let shape = types(x)?.shape, let mask = FixedScaling.array(arguments[0]), let holds = try? mask.doubles(),
      let place = arguments.firstIndex(where: { $0.tensorReference != nil }), place > 0,
      let other = arguments[3 - place].doubleValue
    else { return false }
    let keeps = holds.map { ($0 != 0) == (place == 1) ? 1.0 : 0.0 }
    return scaled(operation.name, x, shape, mask.shape, by: keeps, plus: keeps.map { $0 == 1 ? 0 : other })
  }

  /// Adds a vector to the Dense layer in front of it, whose bias it is.
  private mutating func addsBias(_ operation: LayerConfig, _ x: TensorReference, _ constant: TensorData) -> Bool {
    guard let place = layers.firstIndex(where: { $0.name == x.layer }), layers[place].className == "Dense",
      layers[place].fields["use_bias"] == false, layers[place].nodes.count == 1, uses[x] == 1,
      let units = layers[place].fields["units"]?.intValue, constant.elementCount == units,
      constant.shape.last == units, let kernel = weights.removeValue(forKey: x.layer + "/kernel")
    else { return false }
    var dense = layers.remove(at: place)
    dense.name = operation.name
    dense.fields["use_bias"] = true
    layers.append(dense)
    weights[operation.name + "/kernel"] = kernel
    weights[operation.name + "/bias"] = try? constant.reshaped([units])
    return true
  }

  private mutating func appendDense(_ name: String, _ x: TensorReference, _ kernel: TensorData) {
    holdsConstants = true
    append(
      "Dense", name,
      ["trainable": false, "units": JSON(kernel.shape[1]), "activation": "linear", "use_bias": false], x)
    weights[name + "/kernel"] = kernel
  }

  /// Products of (batch, heads, rows, columns), which Dot takes for one head at a time.
  mutating func productsOfHeads(_ name: String, _ tensors: [TensorReference], _ shapes: [Shape]) -> Bool {
    guard let heads = shapes[0][1], shapes[1][1] == heads, (1...Self.mostHeads).contains(heads),
      shapes.allSatisfy({ $0.dimensions.dropFirst().filter { $0 == nil }.count <= 1 })
    else { return false }
    let result = [shapes[0][2], shapes[1][3]]
    guard result.contains(where: { $0 != nil }) else { return false }
    var products: [TensorReference] = []
    for head in 0..<heads {
      let parts = zip(tensors, shapes).enumerated().map { number, operand in
        var part = operand.0
        if heads > 1 {
          part = append(
            "Cropping2D", unique("\(name)_head_\(head)_\(number)"),
            ["cropping": [JSON([head, heads - 1 - head]), [0, 0]], "data_format": "channels_last"], part)
        }
        let sizes = operand.1.dimensions.dropFirst(2).map { $0 ?? -1 }
        return append("Reshape", unique("\(name)_matrix_\(head)_\(number)"), ["target_shape": JSON(sizes)], part)
      }
      let product = append(
        "Dot", unique("\(name)_product_\(head)"), ["axes": [2, 1], "normalize": false], parts)
      let isOnly = heads == 1
      products.append(
        append(
          "Reshape", isOnly ? name : unique("\(name)_row_\(head)"),
          ["target_shape": JSON([1] + result.map { $0 ?? -1 })], product))
    }
    if heads > 1 { append("Concatenate", name, ["axis": 1], products) }
    return true
  }
}
