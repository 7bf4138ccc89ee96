import KerasCore
import KerasGraph

/// An addition of a constant vector along the last axis that is all that reads a value.
public struct FollowingBias {
  /// The node that adds, and what it adds.
  public let node: Int
  public let operand: Value
  /// The numbers, one for each entry of the last axis.
  public let vector: TensorData
}

extension Graph {
  /// Which nodes read a value; an output of the graph counts as the node -1.
  public func readers() -> [Value: [Int]] {
    var readers: [Value: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for operand in node.operands { readers[operand, default: []].append(index) }
    }
    for output in outputs { readers[output, default: []].append(-1) }
    return readers
  }

  /// Whether a node or an output of the graph reads a value.
  public func isRead(_ value: Value) -> Bool {
    outputs.contains(value) || nodes.contains { $0.operands.contains(value) }
  }

  /// The bias that follows a value of that rank, if one does; `constant` tells the numbers of a value that has some.
  public func followingBias(
    _ value: Value, rank: Int, readers: [Value: [Int]], constant: (Value) -> TensorData?
  ) -> FollowingBias? {
    guard let found = readers[value], found.count == 1, let reader = found.first, reader >= 0 else { return nil }
    let node = nodes[reader]
    guard case .binary(.add) = node.op, let other = node.operands.first(where: { $0 != value }),
      let data = constant(other), let channels = shape(value)[rank - 1], node.types[0].shape.rank == rank,
      data.elementCount == channels, data.shape.last == channels, data.shape.count <= rank,
      let vector = try? data.reshaped([channels])
    else { return nil }
    return FollowingBias(node: reader, operand: other, vector: vector)
  }
}
