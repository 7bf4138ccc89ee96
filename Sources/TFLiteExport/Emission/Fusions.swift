import KerasCore
import KerasGraph

/// What operators compute besides their own op: the bias and activation that follow it and nothing else reads.
struct Fusions {
  struct Tail {
    var bias: Value?
    var activation = FusedActivation.none
    /// The node whose result the operator's is.
    var last: Int
  }

  private var tails: [Int: Tail] = [:]
  private var absorbed: Set<Int> = []
  private var weights: Set<Value> = []
  /// For each node, the nodes that read it.
  private var readers: [Int: [Int]] = [:]
  private var outputs: Set<Int> = []

  init(_ graph: Graph, _ parameters: [String: TensorData]) {
    let needed = graph.nodesNeeded()
    for index in graph.nodes.indices where needed[index] {
      for operand in graph.nodes[index].operands { readers[operand.node, default: []].append(index) }
    }
    outputs = Set(graph.outputs.map { $0.node })
    let (readers, outputs) = (readers, outputs)
    /// The only node that reads a result which is no output.
    func follower(_ index: Int) -> Int? {
      guard let all = readers[index], all.count == 1, !outputs.contains(index) else { return nil }
      return all[0]
    }
    func isConstant(_ value: Value) -> Bool {
      switch graph.nodes[value.node].op {
      case .constant: true
      case .parameter(let name): parameters[name] != nil
      default: false
      }
    }
    for index in graph.nodes.indices where needed[index] && !absorbed.contains(index) {
      let node = graph.nodes[index]
      noteWeights(of: node, isConstant)
      var tail = Tail(last: index)
      switch node.op {
      case .convolution, .matmul:
        if let next = follower(index), case .binary(.add) = graph.nodes[next].op, isConstant(node.operands[1]),
          let width = node.types[0].shape.dimensions.last ?? nil,
          let bias = graph.nodes[next].operands.first(where: { $0.node != index }), isConstant(bias),
          Self.isLine(graph.shape(bias), width), graph.nodes[next].types[0].shape.rank == node.types[0].shape.rank
        {
          tail.bias = bias
          tail.last = next
        }
      case .binary(.add), .binary(.subtract), .binary(.multiply), .binary(.divide): break
      default: continue
      }
      if graph.nodes[index].types[0].dtype == .float32, let next = follower(tail.last),
        let activation = Self.activation(graph.nodes[next].op)
      {
        tail.activation = activation
        absorb(tail.last, except: index)
        tail.last = next
      }
      if tail.last != index {
        absorb(tail.last, except: index)
        tails[index] = tail
      }
    }
  }

  /// Whether more than one operator reads a node's results.
  func isShared(_ index: Int) -> Bool { readers[index, default: []].count + (outputs.contains(index) ? 1 : 0) > 1 }

  /// Whether a kernel that computes in place may read a node's result.
  func mayBeOverwritten(_ index: Int, in graph: Graph) -> Bool {
    readers[index, default: []].contains { reader in
      switch graph.nodes[reader].op {
      case .concatenate, .matmul, .convolution, .convolutionInputGradient, .pool, .gatherRows, .reduce, .slice, .pad:
        false
      default: true
      }
    }
  }

  private mutating func absorb(_ node: Int, except head: Int) {
    if node != head { absorbed.insert(node) }
  }

  func tail(of index: Int) -> Tail? { tails[index] }
  func isAbsorbed(_ index: Int) -> Bool { absorbed.contains(index) }
  func isWeight(_ value: Value) -> Bool { weights.contains(value) }

  private mutating func noteWeights(of node: Node, _ isConstant: (Value) -> Bool) {
    let positions: [Int] =
      switch node.op {
      case .matmul: [0, 1]
      case .convolution, .convolutionInputGradient: [1]
      case .gatherRows: [0]
      case .recurrence: [1, 2]
      default: []
      }
    for position in positions where isConstant(node.operands[position]) { weights.insert(node.operands[position]) }
  }

  /// Whether a constant is one number per channel.
  private static func isLine(_ shape: Shape, _ width: Int) -> Bool {
    shape.dimensions.last == width && shape.dimensions.dropLast().allSatisfy { $0 == 1 }
  }

  private static func activation(_ op: Op) -> FusedActivation? {
    switch op {
    case .unary(.relu): .relu
    case .unary(.clip(minimum: 0, maximum: 6)): .relu6
    case .unary(.clip(minimum: -1, maximum: 1)): .reluN1To1
    default: nil
    }
  }
}
