import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  func emitReshape(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let known = graph.shape(result)
    let unknown = known.dimensions.indices.filter { known[$0] == nil }
    // -1 stands for what remains: at most one, and not where there are no elements to divide by.
    let isFree = unknown.count == 1 && !known.dimensions.contains(0)
    let sizes: [Size] = target.enumerated().map { axis, entry in
      if let size = known[axis] { return .known(size) }
      if !isFree, case .ofOperand(let operand, let from) = entry { return .axis(operands[operand], from) }
      return .known(-1)
    }
    define(result, node("Reshape", [try tensor(operands[0]), try joined(sizes)]))
  }

  func emitBroadcast(_ target: [TargetDimension], _ operands: [Value], _ result: Value) throws {
    let known = graph.shape(result)
    let sizes: [Size] = target.enumerated().map { axis, entry in
      if let size = known[axis] { return .known(size) }
      if case .ofOperand(let operand, let from) = entry { return .axis(operands[operand], from) }
      return .known(1)
    }
    define(result, node("BroadcastTo", [try tensor(operands[0]), try joined(sizes)]))
  }

  func reshaped(_ x: Tensor, _ shape: [Int]) -> Tensor { node("Reshape", [x, ints(shape)]) }

  func concatenated(_ inputs: [Tensor], axis: Int) -> Tensor {
    node("ConcatV2", inputs + [int(axis)], ["N": .int(inputs.count)])
  }

  func gathered(_ table: Tensor, _ indices: Tensor, axis: Int) -> Tensor {
    node(
      "GatherV2", [table, indices, int(axis)],
      ["Tparams": .type(table.type), "Tindices": .type(indices.type), "Taxis": .type(.int32)])
  }

  func sliced(_ x: Tensor, _ starts: [Int], _ limits: [Int?], _ strides: [Int]) -> Tensor {
    if starts.indices.allSatisfy({ starts[$0] == 0 && limits[$0] == nil && strides[$0] == 1 }) { return x }
    var (beginMask, endMask) = (0, 0)
    for axis in starts.indices {
      if starts[axis] == 0 { beginMask |= 1 << axis }
      if limits[axis] == nil { endMask |= 1 << axis }
    }
    return node(
      "StridedSlice", [x, ints(starts), ints(limits.map { $0 ?? 0 }), ints(strides)],
      ["Index": .type(.int32), "begin_mask": .int(beginMask), "end_mask": .int(endMask)])
  }

  /// One stretch of the last axis.
  func columns(_ x: Tensor, rank: Int, _ range: Range<Int>) -> Tensor {
    var starts = [Int](repeating: 0, count: rank)
    var limits = [Int?](repeating: nil, count: rank)
    (starts[rank - 1], limits[rank - 1]) = (range.lowerBound, range.upperBound)
    return sliced(x, starts, limits, [Int](repeating: 1, count: rank))
  }

  func padded(_ x: Tensor, _ before: [Int], _ after: [Int], _ value: Double) -> Tensor {
    if (before + after).allSatisfy({ $0 == 0 }) { return x }
    let pairs = zip(before, after).flatMap { [Int32(clamping: $0), Int32(clamping: $1)] }
    let amounts = function.constant(SMTensor(int32s: pairs, shape: [before.count, 2]))
    return node("PadV2", [x, amounts, number(value, x.type)])
  }

  func emitScatter(_ operands: [Value], _ result: Value) throws {
    let places = node("ExpandDims", [try tensor(operands[1]), int(rank(operands[1]))])
    let rows = try tensor(operands[0])
    let inputs = [places, rows, try shape(of: operands[2])]
    define(result, node("ScatterNd", inputs, ["T": .type(rows.type), "Tindices": .type(places.type)], as: rows.type))
  }

  func emitIota(_ axis: Int, _ operand: Value, _ result: Value) throws {
    let shape = graph.shape(operand)
    let range = node("Range", [int(0), try size(operand, axis: axis), int(1)], as: .int32)
    if shape.rank == 1 { return define(result, range) }
    var place = [Int](repeating: 1, count: shape.rank)
    place[axis] = -1
    define(result, node("BroadcastTo", [reshaped(range, place), try self.shape(of: operand)]))
  }

  func emitRandom(_ distribution: RandomDistribution, _ operand: Value, _ result: Value) throws {
    let name =
      switch distribution {
      case .uniform: "RandomUniform"
      case .normal: "RandomStandardNormal"
      }
    function.isStateful = true
    define(result, node(name, [try shape(of: operand)], ["dtype": .type(.float)], as: .float))
    parts.notes.append(
      ExportNote(.warning, layer: scope, "draws random numbers in predictions, as in Keras; TensorFlow draws others"))
  }
}
