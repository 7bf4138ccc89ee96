import KerasCore
import KerasExport
import KerasGraph

extension SubgraphBuilder {
  /// Applies an operator that broadcasts; kernels do so over four axes, so that of more, neighbours are merged.
  func broadcasting(_ operands: [Tensor], _ operation: ([Tensor], Shape) -> Tensor) -> Tensor {
    let shapes = operands.map { shape($0) }
    let result = shapes.reduce(Shape.scalar) { $0.broadcast($1) }
    guard result.rank > 4, shapes.contains(where: { $0 != result }) else { return operation(operands, result) }
    let aligned = shapes.map { [Int?](repeating: 1, count: result.rank - $0.rank) + $0.dimensions }
    let groups = Self.groups(aligned, result)
    let isOpen = groups.contains { $0.count > 1 && result.dimensions[$0].contains(nil) }
    var merged: [Tensor] = []
    for (operand, sizes) in zip(operands, aligned) {
      let lead = result.rank - shape(operand).rank
      let form = groups.map { Shape(Array(sizes[$0])).elementCount }
      let axes = zip(groups, form).map { group, size -> AxisSize in
        if let size { return .fixed(size) }
        return group.count == 1 || !isOpen ? .of(operand, axis: group.lowerBound - lead) : .rest
      }
      merged.append(form.allSatisfy { $0 == 1 } ? operand : reshape(unshared(operand), to: Shape(form), axes))
    }
    let together = operation(merged, Shape(groups.map { Shape(Array(result.dimensions[$0])).elementCount }))
    let axes = result.dimensions.indices.map { axis -> AxisSize in
      if let size = result[axis] { return .fixed(size) }
      guard let owner = aligned.firstIndex(where: { $0[axis] == nil }) else { return .rest }
      return .of(operands[owner], axis: axis - (result.rank - shapes[owner].rank))
    }
    return reshape(together, to: result, axes)
  }

  /// Ranges of axes along which the same operands repeat.
  private static func groups(_ aligned: [[Int?]], _ result: Shape) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var repeats: [[Bool]] = []
    for axis in 0..<result.rank {
      // An axis of one element goes with any.
      let pattern = result[axis] == 1 ? repeats.last : aligned.map { $0[axis] == 1 }
      if let last = groups.last, pattern == nil || pattern == repeats.last {
        groups[groups.count - 1] = last.lowerBound..<axis + 1
      } else {
        groups.append(axis..<axis + 1)
        repeats.append(pattern ?? aligned.map { _ in true })
      }
    }
    return groups
  }
}
