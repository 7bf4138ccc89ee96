import KerasCore
import KerasGraph

/// Operations of which `keras.ops` knows no form for sizes that are open.
extension LayerDecomposition {
  /// 0, 1, 2 … along an axis: ones added up, less one.
  mutating func addPlaces(
    _ axis: Int, _ index: Int, _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    guard let x = found[graph.nodes[index].operands[0].node] else {
      throw Failure(reason: "keras.ops computes nothing from constants alone, as its iota does")
    }
    let ones = add("OnesLike", "numpy", ["dtype": "int32"], [.tensor(x)], name: "ones")
    let sums = add("Cumsum", "numpy", ["axis": JSON(axis)], [.tensor(ones)], name: "counted")
    return add(
      "Subtract", "keras.src.ops.numpy", [:], [.tensor(sums), 1], [:], name: resultName(index, "places"))
  }

  /// The size of an axis: ones along it, added up.
  mutating func addSize(
    _ axis: Int, _ index: Int, _ graph: Graph, _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let operand = graph.nodes[index].operands[0]
    guard let x = found[operand.node] else {
      throw Failure(reason: "keras.ops computes nothing from constants alone, as its size does")
    }
    let rank = graph.shape(operand).rank
    let slices = (0..<rank).map { place -> JSON in
      ["class_name": "__slice__", "config": ["start": 0, "stop": place == axis ? .null : 1, "step": 1]]
    }
    let line = add("GetItem", "numpy", [:], [.tensor(x), .array(slices)], name: "line")
    let ones = add("OnesLike", "numpy", ["dtype": "int32"], [.tensor(line)], name: "ones")
    let axes = JSON.array((0..<rank).map { JSON($0) })
    let count = add("Sum", "numpy", ["axis": axes, "keepdims": false], [.tensor(ones)], name: "count")
    let dtype = graph.nodes[index].types[0].dtype.rawValue
    return add(
      "Cast", "keras.src.ops.core", ["dtype": .string(dtype)], [.tensor(count)], [:],
      name: resultName(index, "size"))
  }

  /// Random numbers, by a function of TensorFlow that is asked for the operand's shape.
  mutating func addDraw(
    _ distribution: RandomDistribution, _ index: Int, _ graph: Graph, _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let operand = graph.nodes[index].operands[0]
    let like: TensorReference
    if let x = found[operand.node] {
      like = x
    } else {
      // A function of numbers alone would have no input: a zero that is made of one is spread to the shape.
      let inputs = found.filter { if case .input = graph.nodes[$0.key].op { true } else { false } }
      guard let sizes = graph.shape(operand).concrete, let (node, x) = inputs.min(by: { $0.key < $1.key }) else {
        throw Failure(reason: "it draws random numbers of a shape that no input tells")
      }
      let rank = graph.shape(Value(node: node)).rank
      let first: JSON = ["class_name": "__slice__", "config": ["start": 0, "stop": 1, "step": 1]]
      let slices = JSON.array(Array(repeating: first, count: rank))
      let one = add("GetItem", "numpy", [:], [.tensor(x), slices], name: "draw_first")
      let zero = add("ZerosLike", "numpy", ["dtype": "int32"], [.tensor(one)], name: "draw_zero")
      let line = add("Reshape", "numpy", ["newshape": [1]], [.tensor(zero)], name: "draw_line")
      like = add("BroadcastTo", "numpy", ["shape": JSON(sizes)], [.tensor(line)], name: "draw_like")
    }
    let shape = add("TFOpLambda", "keras.layers", ["function": "shape"], [.tensor(like)], [:], name: unique("shape"))
    let name = distribution == .normal ? "normal" : "uniform"
    return add(
      "TFOpLambda", "keras.layers", ["function": .string("random.\(name)")], [.tensor(shape)], [:],
      name: resultName(index, name))
  }

  /// Zeros of the shape to reach are taken off: `keras.ops` broadcasts to no shape with an open size, and its `add` may
  /// take them for a bias (`Keras3Operation`).
  mutating func addBroadcast(
    _ target: [TargetDimension], _ index: Int, _ graph: Graph, _ weights: [String: TensorData],
    _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    let (shape, dtype) = (node.types[0].shape, node.types[0].dtype)
    let own = graph.shape(node.operands[0])
    let operation = dtype == .bool ? "LogicalOr" : "Subtract"
    func zeros(_ shape: [Int]) throws(Failure) -> JSON {
      do {
        let count = checkedProduct(shape) ?? 0
        return try constant(TensorData(shape: shape, int32s: Array(repeating: 0, count: count)).converted(to: dtype))
      } catch let error as Failure {
        throw error
      } catch {
        throw Failure(reason: "\(error)")
      }
    }
    var json = try argument(node.operands[0], graph, weights, found)
    // Open sizes that are another operand's: that operand's own first entries along the axis, as zeros.
    for (axis, dimension) in target.enumerated() where shape[axis] == nil {
      guard case .ofOperand(let number, let axisOfOperand) = dimension, number > 0 else { continue }
      guard node.operands.indices.contains(number) else { throw Failure(reason: "a broadcast names no operand") }
      let rank = graph.shape(node.operands[number]).rank
      var value = try argument(node.operands[number], graph, weights, found)
      let slices = (0..<rank).map { place -> JSON in
        [
          "class_name": "__slice__",
          "config": ["start": 0, "stop": place == axisOfOperand ? .null : 1, "step": 1],
        ]
      }
      value = .tensor(add("GetItem", "numpy", [:], [value, .array(slices)], name: "size"))
      value = .tensor(
        add("ZerosLike", "numpy", ["dtype": .string(dtype.rawValue)], [value], name: "size_zeros"))
      let sizes = (0..<shape.rank).map { $0 == axis ? JSON(-1) : 1 }
      value = .tensor(add("Reshape", "numpy", ["newshape": .array(sizes)], [value], name: "size_reshaped"))
      json = .tensor(add(operation, "numpy", [:], [json, value], name: "broadcast"))
    }
    // Then all that is known.
    let padded = Array(repeating: Int?.some(1), count: shape.rank - own.rank) + own.dimensions
    let known = shape.dimensions.enumerated().map { axis, size in
      size.map { $0 == padded[axis] ? 1 : $0 } ?? 1
    }
    return add(
      operation, "keras.src.ops.numpy", [:], [json, try zeros(known)], [:],
      name: resultName(index, "broadcast"))
  }

  /// Reshapes to shapes with several open sizes: axes of 1 put in and taken out, or a Reshape layer, which keeps the
  /// batch; `nil` for others.
  mutating func addReshape(
    _ target: [TargetDimension], _ index: Int, _ graph: Graph, _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference? {
    let node = graph.nodes[index]
    let (shape, own) = (node.types[0].shape, graph.shape(node.operands[0]))
    guard shape.dimensions.count(where: { $0 == nil }) > 1, let x = found[node.operands[0].node] else { return nil }
    let name = resultName(index, "reshape")
    if Self.keepsOrder(target, shape, of: own) {
      let removed = own.dimensions.indices.filter { own[$0] == 1 }
      let added = shape.dimensions.indices.filter { shape[$0] == 1 }
      var result = x
      if !removed.isEmpty {
        let axes = JSON.array(removed.map { JSON($0) })
        let last = added.isEmpty ? name : unique("squeezed")
        result = add("Squeeze", "keras.src.ops.numpy", ["axis": axes], [.tensor(x)], [:], name: last)
      }
      for axis in added {
        let isLast = axis == added.last
        let step = isLast ? name : unique("expanded")
        result = add("ExpandDims", "keras.src.ops.numpy", ["axis": JSON(axis)], [.tensor(result)], [:], name: step)
      }
      return result
    }
    guard target.first == .ofOperand(0, axis: 0), own.rank > 0, shape.rank > 1,
      shape.dimensions.dropFirst().count(where: { $0 == nil }) == 1
    else { return nil }
    let sizes = shape.dimensions.dropFirst().map { JSON($0 ?? -1) }
    return add(
      "Reshape", "keras.layers", ["trainable": true, "dtype": "float32", "target_shape": .array(Array(sizes))],
      [.tensor(x)], [:], name: name)
  }

  /// Whether a reshape leaves all axes but those of 1 as they are.
  private static func keepsOrder(_ target: [TargetDimension], _ shape: Shape, of own: Shape) -> Bool {
    let before = own.dimensions.indices.filter { own[$0] != 1 }
    let after = shape.dimensions.indices.filter { shape[$0] != 1 }
    guard before.count == after.count, before.count < max(own.rank, shape.rank) else { return false }
    var unsure = 0
    for (old, new) in zip(before, after) {
      guard own[old] == shape[new] else { return false }
      // Of one that no other is known to be, the number of all elements tells it.
      if own[old] == nil, target[new] != .ofOperand(0, axis: old) { unsure += 1 }
    }
    return unsure < 2
  }
}
