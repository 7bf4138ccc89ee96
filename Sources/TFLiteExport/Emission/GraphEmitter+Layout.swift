import KerasCore
import KerasExport
import KerasGraph

/// Kernels take few axes: neighbouring axes that an operator leaves alone are one to it.
private struct MergedAxes {
  /// Ranges of axes that become one.
  var groups: [Range<Int>] = []

  /// Axes of `touched` stay alone.
  init(rank: Int, touched: (Int) -> Bool) {
    for axis in 0..<rank {
      if let last = groups.last, !touched(axis), !touched(axis - 1) {
        groups[groups.count - 1] = last.lowerBound..<axis + 1
      } else {
        groups.append(axis..<axis + 1)
      }
    }
  }

  func shape(of whole: Shape) -> Shape {
    Shape(groups.map { group in Shape(Array(whole.dimensions[group])).elementCount })
  }

  func merged<Element>(_ perAxis: [Element]) -> [Element] { groups.map { perAxis[$0.lowerBound] } }
}

extension GraphEmitter {
  /// Applies an operator of at most `limit` axes to x with its untouched axes merged.
  private func merging(
    _ x: Tensor, limit: Int, _ node: Node, touched: (Int) -> Bool, _ operation: (Tensor, MergedAxes) -> Tensor
  ) throws(ExportError) -> Tensor {
    let shape = builder.shape(x)
    if shape.rank <= limit { return operation(x, MergedAxes(rank: shape.rank) { _ in true }) }
    let axes = MergedAxes(rank: shape.rank, touched: touched)
    guard axes.groups.count <= limit, shape.dimensions.count(where: { $0 == nil }) <= 1 else {
      throw refusal(node, "\(node.op.name) over \(shape.rank) axes", "TensorFlow Lite's has at most \(limit)")
    }
    let result = operation(builder.reshape(x, to: axes.shape(of: shape)), axes)
    return builder.reshape(result, to: node.types[0].shape)
  }

  func transpose(_ x: Tensor, _ permutation: [Int], _ node: Node) throws(ExportError) -> Tensor {
    let shape = builder.shape(x)
    guard shape.rank > 6 else { return builder.transpose(x, permutation) }
    // Axes that stay neighbours move as one.
    var runs: [Range<Int>] = []
    for axis in permutation {
      if let last = runs.last, last.upperBound == axis {
        runs[runs.count - 1] = last.lowerBound..<axis + 1
      } else {
        runs.append(axis..<axis + 1)
      }
    }
    guard runs.count <= 6, shape.dimensions.count(where: { $0 == nil }) <= 1 else {
      throw refusal(node, "a transposition of \(shape.rank) axes", "TensorFlow Lite's moves at most 6")
    }
    let sorted = runs.sorted { $0.lowerBound < $1.lowerBound }
    let merged = Shape(sorted.map { Shape(Array(shape.dimensions[$0])).elementCount })
    let moved = builder.transpose(
      builder.reshape(x, to: merged), runs.map { run in sorted.firstIndex(of: run) ?? 0 })
    return builder.reshape(moved, to: node.types[0].shape)
  }

  func concatenate(_ node: Node, axis: Int) throws(ExportError) -> Tensor {
    var parts: [Tensor] = []
    for operand in node.operands { parts.append(try tensor(operand)) }
    if parts.count == 1 { return parts[0] }
    return builder.add(.concatenation, parts, node.types[0], .concatenation(axis: axis))
  }

  func slice(
    _ x: Tensor, _ starts: [Int], _ limits: [Int?], _ strides: [Int], _ node: Node
  ) throws(ExportError) -> Tensor {
    try merging(x, limit: 5, node) {
      starts[$0] != 0 || limits[$0] != nil || strides[$0] != 1
    } _: { x, axes in
      builder.slice(x, starts: axes.merged(starts), limits: axes.merged(limits), strides: axes.merged(strides))
    }
  }

  func pad(
    _ x: Tensor, _ before: [Int], _ after: [Int], _ value: Float, _ node: Node
  ) throws(ExportError) -> Tensor {
    let isBool = builder.dtype(x) == .bool
    let numbers = isBool ? builder.cast(x, to: .int32) : x
    let padded = try merging(numbers, limit: 5, node) {
      before[$0] != 0 || after[$0] != 0
    } _: { x, axes in
      builder.pad(x, before: axes.merged(before), after: axes.merged(after), value: value)
    }
    return isBool ? builder.cast(padded, to: .bool) : padded
  }

  func reverse(_ x: Tensor, axes: [Int]) -> Tensor {
    var reversed = x
    for axis in axes { reversed = builder.add(.reverseV2, [reversed, builder.int32s([axis])], builder.type(x)) }
    return reversed
  }

  func gatherRows(_ table: Tensor, _ indices: Tensor, _ node: Node) -> Tensor {
    builder.add(.gather, [table, indices], node.types[0], .gather(axis: 0))
  }

  func scatterAddRows(_ node: Node) throws(ExportError) -> Tensor {
    let (updates, indices) = (try tensor(node.operands[0]), try tensor(node.operands[1]))
    let result = node.types[0].shape
    guard let sizes = result.concrete else {
      throw refusal(node, "a sum into rows", "the table's shape is not known when the model is written")
    }
    let count = builder.shape(indices).elementCount
    let places = builder.reshape(indices, to: Shape([count, 1]), [.rest, .fixed(1)])
    let width: [Int?] = sizes.dropFirst().map { $0 }
    let rows = builder.reshape(updates, to: Shape([count] + width), [.rest] + sizes.dropFirst().map { .fixed($0) })
    return builder.add(.scatterND, [places, rows, builder.int32s(sizes)], node.types[0])
  }

  /// Counting needs no computed shapes: ones in the operand's shape, summed up before each element.
  func iota(_ node: Node, axis: Int) throws(ExportError) -> Tensor {
    let source = node.operands[0]
    let shape = node.types[0].shape
    if let size = shape[axis] {
      let line = builder.int32s(
        Array(0..<size), shape: shape.dimensions.indices.map { $0 == axis ? size : 1 })
      if let sizes = shape.concrete {
        return builder.add(.broadcastTo, [line, builder.int32s(sizes)], node.types[0])
      }
      return builder.binary(.add, builder.zeros(like: try tensor(source), .int32), line)
    }
    let ones = builder.binary(.add, builder.zeros(like: try tensor(source), .int32), 1)
    return builder.add(.cumsum, [ones, builder.int32(axis)], node.types[0], .cumsum(exclusive: true, reverse: false))
  }

  func dimension(_ node: Node, axis: Int, _ dtype: DType) throws(ExportError) -> Tensor {
    let x = try tensor(node.operands[0])
    if let size = builder.shape(x)[axis] {
      return dtype.isFloatingPoint ? builder.floats([Float(size)], shape: []) : builder.int32(size)
    }
    let size = builder.size(of: x, axis: axis)
    let scalar = builder.add(.reshape, [size, builder.int32s([])], TensorType(.int32, .scalar))
    return try cast(scalar, to: dtype, node)
  }
}
