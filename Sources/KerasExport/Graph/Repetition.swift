import KerasCore
import KerasGraph

/// Nodes that together repeat a value's elements along some of its axes.
public struct Repetition {
  /// How often along each axis.
  public private(set) var factors: [Int]
  /// All nodes, the last one too, whose result is the repeated value.
  public private(set) var nodes: Set<Int> = []
  public private(set) var result = -1

  private let graph: Graph
  private let allReaders: [Value: [Int]]
  private let source: Shape
  /// The shape after the axes so far.
  private var shape: Shape

  /// `nil` unless `first` begins such nodes, and nothing else reads what is between them; `readers` are the graph's.
  public init?(from first: Int, in graph: Graph, readers: [Value: [Int]]) {
    guard let operand = graph.nodes[first].operands.first else { return nil }
    self.graph = graph
    allReaders = readers
    source = graph.shape(operand)
    shape = source
    factors = [Int](repeating: 1, count: source.rank)
    var next: Int? = first
    while let node = next {
      guard let found = step(node) else { return nil }
      next = found
    }
    guard result >= 0 else { return nil }
    for node in nodes where node != result {
      guard self.readers(of: node).allSatisfy(nodes.contains) else { return nil }
    }
  }

  /// Follows one axis: the reshape that adds an axis of size 1, the broadcast that widens it, and the reshape that joins
  /// it with the axis before or, if another axis follows at once, adds the next one; `next` is that.
  private mutating func step(_ split: Int) -> Int?? {
    guard case .reshape(let target) = op(split), let wide = readers(of: split).first, wide >= 0,
      readers(of: split).allSatisfy({ $0 == wide }), case .broadcast(let widened) = op(wide),
      graph.nodes[wide].operands.first == Value(node: split), target.count == shape.rank + 1,
      widened.count == target.count, let (axis, times) = repeated(split, wide), let total = total(axis, times)
    else { return nil }
    if shape[axis] != nil { shape[axis] = total }
    factors[axis] *= times
    nodes.formUnion([split, wide])

    var following: Set<Int> = []
    var joined: [Int] = []
    for reader in readers(of: wide) {
      guard isReshape(reader, of: wide) else { return nil }
      if rank(reader) == shape.rank, type(reader) == shape { joined.append(reader) } else { following.insert(reader) }
    }
    nodes.formUnion(joined)
    var isRead = false
    for node in joined {
      for reader in readers(of: node) {
        if isReshape(reader, of: node), rank(reader) == shape.rank + 1, Self.continues(reader, self) {
          following.insert(reader)
        } else if reader < 0 || graph.nodes[reader].operands.first == Value(node: node)
          || !isReshape(reader)
        {
          isRead = true
        }
      }
    }
    if isRead || following.isEmpty {
      guard following.isEmpty, joined.count == 1 else { return nil }
      result = joined[0]
      return .some(nil)
    }
    return following.count == 1 ? .some(following.first) : nil
  }

  /// Whether a reshape is followed by a broadcast, as the next axis' would be.
  private static func continues(_ reshape: Int, _ state: Repetition) -> Bool {
    guard let reader = state.readers(of: reshape).first, reader >= 0, case .broadcast = state.op(reader) else {
      return false
    }
    return true
  }

  /// The axis after which the reshape adds one that the broadcast widens; every other axis stays what it was.
  private func repeated(_ split: Int, _ wide: Int) -> (axis: Int, times: Int)? {
    guard case .reshape(let target) = op(split) else { return nil }
    let (between, widened) = (type(split), type(wide))
    for axis in 0..<shape.rank {
      guard between[axis + 1] == 1, let times = widened[axis + 1], times > 1 else { continue }
      let isKept = (0..<shape.rank).allSatisfy { other in
        let place = other <= axis ? other : other + 1
        guard let size = shape[other] else {
          // Of unknown size: carried over from the same axis, or what remains after the others.
          if widened[place] != nil { return false }
          if case .ofOperand(_, let from) = target[place] { return from == other }
          return target[place] == .inferred
        }
        return between[place] == size && widened[place] == size
      }
      if isKept { return (axis, times) }
    }
    return nil
  }

  private func total(_ axis: Int, _ times: Int) -> Int? {
    let (product, overflow) = (shape[axis] ?? 1).multipliedReportingOverflow(by: times)
    return overflow ? nil : product
  }

  // MARK: The graph

  private func op(_ node: Int) -> Op { graph.nodes[node].op }
  private func type(_ node: Int) -> Shape { graph.shape(Value(node: node)) }
  private func rank(_ node: Int) -> Int { type(node).rank }
  /// Nodes that read a node's first result, -1 for the graph's output.
  private func readers(of node: Int) -> [Int] { node < 0 ? [] : allReaders[Value(node: node)] ?? [] }

  private func isReshape(_ node: Int, of operand: Int? = nil) -> Bool {
    guard node >= 0, case .reshape = op(node) else { return false }
    return operand.map { graph.nodes[node].operands.first == Value(node: $0) } ?? true
  }
}
