import KerasCore
import KerasGraph

/// Windows that `keras.ops` has no operation for.
extension LayerDecomposition {
  /// Pooling with another padding than TensorFlow's: what never is the largest lies around, or zeros, with what they take
  /// from an average made up for.
  mutating func addPool(
    _ pooling: Pooling, _ index: Int, _ graph: Graph, _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    let input = graph.shape(node.operands[0])
    let window: WindowPadding
    do {
      window = try WindowPadding(
        pooling.padding, input: Array(input.dimensions.dropFirst().dropLast()), kernel: pooling.window,
        strides: pooling.strides, dilations: pooling.window.map { _ in 1 })
    } catch {
      throw Failure(reason: "\(error)")
    }
    guard case .explicit(let before, let after) = window, let x = found[node.operands[0].node] else {
      throw Failure(reason: "keras.ops has no operation for its pool of shape \(node.types[0].shape)")
    }
    let widths = [(before: 0, after: 0)] + zip(before, after).map { (before: $0, after: $1) } + [(0, 0)]
    let isMaximum = pooling.kind == .maximum
    func pooled(_ x: TensorReference, name: String) -> TensorReference {
      let value = isMaximum ? -Float.greatestFiniteMagnitude : 0
      let pad = Keras3Operation(padding: widths, with: value)
      let around = add(
        pad.className, pad.module, pad.config, [.tensor(x)], ["constant_values": .number(Double(value))],
        name: unique("pad"))
      return add(
        isMaximum ? "MaxPool" : "AveragePool", "keras.src.ops.nn",
        [
          "pool_size": .array(pooling.window.map { JSON($0) }), "strides": .array(pooling.strides.map { JSON($0) }),
          "padding": "valid", "data_format": "channels_last",
        ], [.tensor(around)], [:], name: name)
    }
    guard pooling.kind == .average(countsPadding: false) else {
      return pooled(x, name: resultName(index, "pool"))
    }
    let ones = add("OnesLike", "numpy", ["dtype": "float32"], [.tensor(x)], name: "ones")
    let share = pooled(ones, name: unique("share"))
    let average = pooled(x, name: unique("average"))
    return add(
      "Divide", "keras.src.ops.numpy", [:], [.tensor(average), .tensor(share)], [:], name: resultName(index, "pool"))
  }

  /// Convolutions of groups of channels: those of each channel alone have an operation, others are one for each group,
  /// since TensorFlow computes groups on no processor without compiling them.
  mutating func addGroups(
    _ convolution: Convolution, _ index: Int, _ graph: Graph, _ weights: [String: TensorData],
    _ found: [Int: TensorReference]
  ) throws(Failure) -> TensorReference {
    let node = graph.nodes[index]
    var input = graph.shape(node.operands[0])
    let kernel = graph.shape(node.operands[1])
    let refusal = Failure(
      reason: "keras.ops has no operation for its \(node.op.name) of shape \(node.types[0].shape)")
    guard let channels = input.dimensions.last ?? nil, kernel.rank > 2, let sizes = kernel.concrete,
      channels % convolution.groups == 0, sizes[kernel.rank - 1] % convolution.groups == 0
    else { throw refusal }
    let rank = kernel.rank - 2
    // What the padding comes to does not depend on the channels.
    var alone = convolution
    alone.groups = 1
    guard var operation = Keras3Operation(alone, input, kernel) else { throw refusal }
    let x = try json(operation.arguments[0], node, graph, weights, found)
    guard x.tensorReference != nil else {
      throw Failure(reason: "keras.ops computes nothing from constants alone, as its \(node.op.name) does")
    }
    let isEven = Set(convolution.strides).count == 1
    if convolution.groups == channels, rank == 2 && isEven || rank == 1 {
      operation.className = "DepthwiseConv"
      // Keras 3.15 takes no list, as configs have them.
      operation.config["strides"] = JSON(convolution.strides[0])
      let multiplier = sizes[kernel.rank - 1] / channels
      let filters = try shaped(
        node.operands[1], (rank == 1 ? [1] : []) + sizes.dropLast(2) + [channels, multiplier], graph, weights, found)
      guard rank == 1 else {
        let name = resultName(index, "depthwise")
        return add(operation.className, operation.module, operation.config, [x, filters], [:], name: name)
      }
      // A sequence as an image of one row, as TensorFlow has it for images alone.
      operation.config["dilation_rate"] = [1, JSON(convolution.dilations[0])]
      let row = add("ExpandDims", "numpy", ["axis": 1], [x], name: "row")
      let result = add(
        operation.className, operation.module, operation.config, [.tensor(row), filters], [:],
        name: unique("depthwise"))
      return add(
        "Squeeze", "keras.src.ops.numpy", ["axis": 1], [.tensor(result)], [:], name: resultName(index, "squeezed"))
    }
    input[input.rank - 1] = channels / convolution.groups
    let whole = try argument(node.operands[1], graph, weights, found)
    var parts: [JSON] = []
    for group in 0..<convolution.groups {
      let filters: JSON
      let (own, made) = (channels / convolution.groups, sizes[kernel.rank - 1] / convolution.groups)
      if whole.tensorReference != nil {
        filters = lastAxis(of: whole, group * made, made, rank: kernel.rank, name: "filters")
      } else {
        do {
          filters = try constant(known(node.operands[1], graph, weights).split(convolution.groups)[group])
        } catch let error as Failure {
          throw error
        } catch {
          throw Failure(reason: "\(error)")
        }
      }
      let slice = lastAxis(of: x, group * own, own, rank: input.rank, name: "group")
      parts.append(
        .tensor(
          add(operation.className, operation.module, operation.config, [slice, filters], [:], name: unique("conv"))))
    }
    return add(
      "Concatenate", "keras.src.ops.numpy", ["axis": -1], [.array(parts)], [:], name: resultName(index, "groups"))
  }

  private mutating func lastAxis(of x: JSON, _ first: Int, _ count: Int, rank: Int, name: String) -> JSON {
    let slices = (0..<rank).map { axis -> JSON in
      let isLast = axis == rank - 1
      return [
        "class_name": "__slice__",
        "config": [
          "start": JSON(isLast ? first : 0), "stop": isLast ? JSON(first + count) : .null, "step": 1,
        ],
      ]
    }
    return .tensor(add("GetItem", "numpy", [:], [x, .array(slices)], name: name))
  }

  /// An operand in another shape.
  private mutating func shaped(
    _ value: Value, _ shape: [Int], _ graph: Graph, _ weights: [String: TensorData], _ found: [Int: TensorReference]
  ) throws(Failure) -> JSON {
    if let x = found[value.node], value.output == 0 {
      return .tensor(add("Reshape", "numpy", ["newshape": JSON(shape)], [.tensor(x)], name: "filters"))
    }
    do {
      return try constant(known(value, graph, weights).reshaped(shape))
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(reason: "\(error)")
    }
  }
}
