import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitGather(_ operands: [Value], _ result: Value) throws {
    let (table, indices) = (try tensor(operands[0]), try tensor(operands[1]))
    define(result, node("Gather", [table, indices], [.int("axis", 0)]))
  }

  func emitScatter(_ operands: [Value], _ result: Value) throws {
    try require(.scatterAdd, for: "adding rows at places")
    let places = node(
      "Unsqueeze", [cast(try tensor(operands[1]), to: .int64), ints([rank(operands[1])])])
    let zero = number(0, ElementType(value: type(result).dtype))
    let zeros = node("Expand", [zero, try shape(of: operands[2], .asIs(rank(operands[2])))])
    define(result, node("ScatterND", [zeros, places, try tensor(operands[0])], [.string("reduction", "add")]))
  }

  func emitIota(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let shape = graph.shape(operand)
    var place = [Int](repeating: 1, count: shape.rank)
    place[axis] = -1
    // The numbers along the axis, with size 1 along the others.
    let line: String
    if let size = shape[axis] {
      place[axis] = size
      line = parts.shared(try TensorData(shape: place, int32s: (0..<size).map { Int32($0) }), "numbers")
    } else {
      let limit = node("Squeeze", [try size(operand, axis: axis), ints([0])])
      let range = cast(node("Range", [int(0), limit, int(1)]), to: .int32)
      line = place.count == 1 ? range : node("Reshape", [range, ints(place)])
    }
    if place.count == 1 { return define(result, line) }
    define(result, node("Expand", [line, try self.shape(of: operand, .asIs(shape.rank))]))
  }

  func emitDimension(_ axis: Int, _ dtype: DType, _ operand: Value, _ result: Value) throws {
    let size = node("Squeeze", [try size(operand, axis: axis), ints([0])])
    define(result, cast(size, to: ElementType(value: dtype)))
  }

  func emitRandom(_ distribution: RandomDistribution, _ operand: Value, _ result: Value) throws {
    let (x, layout) = try anyTensor(operand)
    let type =
      switch distribution {
      case .uniform: "RandomUniformLike"
      case .normal: "RandomNormalLike"
      }
    define(result, node(type, [x], [.int("dtype", ElementType.float.rawValue)]), layout)
    parts.notes.append(
      ExportNote(
        .warning, layer: scope,
        "draws random numbers in predictions, as in Keras; the runtime draws others (ONNX Runtime up to opset 21)"))
  }
}
