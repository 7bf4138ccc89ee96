import KerasCore
import KerasGraph

/// A graph divided for large batches: what lies between the layers of its first part is so much that a batch of it
/// leaves the processor's caches, so that part is computed for a few samples at a time; the rest, whose weights are more
/// than its data, for all at once.
///
/// Every sample's numbers are those of a run of its own, but for rounding.
final class SampleSlicing {
  let split: FrozenPrefix
  let prefixWeights: PreparedWeights
  let restWeights: PreparedWeights
  /// The most bytes that a node of the prefix reads and writes for one sample.
  let bytesPerSample: Int
  /// Floating-point operations of the prefix for one sample.
  let workPerSample: Double

  /// What a slice may move through memory in one node: about what a core's own cache holds.
  private static let cachedBytes = 2 << 20
  /// Weights up to here stay in the caches from slice to slice.
  private static let cachedWeights = 2 << 20
  /// Slices have to be worth the copies of what enters and leaves them.
  private static let leastWork = 1e6

  /// `nil` where nothing is gained, or the samples' axis is not known to be one of all inputs.
  ///
  /// `weights` are those that plans of the whole graph have.
  init?(_ graph: Graph, weights: PreparedWeights) {
    var types: [String: TensorType] = [:]
    for name in graph.inputNames {
      guard let value = graph.input(named: name) else { return nil }
      let type = graph.type(value)
      guard type.dtype != .string, type.shape.rank > 0, type.shape[0] == nil else { return nil }
      let one = [1] + type.shape.dimensions.dropFirst()
      guard Shape(one).concrete != nil else { return nil }
      types[name] = TensorType(type.dtype, Shape(one))
    }
    guard !types.isEmpty, graph.nodes.allSatisfy({ !$0.op.readsWholeInput }),
      let single = try? graph.specialized(inputs: types)
    else { return nil }
    let excluded = Set(graph.nodes.indices.filter { single.prefersWholeBatch($0, cachedWeights: Self.cachedWeights) })
    guard
      let split = try? FrozenPrefix(of: graph, inputs: Set(graph.inputNames), changing: [], excluded: excluded),
      let prefix = try? split.prefix.specialized(inputs: types.filter { split.prefix.inputNames.contains($0.key) })
    else { return nil }
    self.split = split
    prefixWeights = PreparedWeights(weights, ofPart: split.prefixWeights)
    restWeights = PreparedWeights(weights, ofPart: split.restWeights)
    bytesPerSample = prefix.nodes.indices.map { prefix.movedBytes($0) }.max() ?? 0
    workPerSample = prefix.work
    guard workPerSample >= Self.leastWork, split.rowShapes.allSatisfy({ $0.concrete != nil }) else { return nil }
  }

  /// How many samples a slice of a batch has on each of the threads; `nil` if the batch is better left whole.
  func sliceSize(batch: Int, threads: Int) -> Int? {
    let most = max(1, Self.cachedBytes / max(bytesPerSample, 1))
    let share = (batch + threads - 1) / threads
    if batch < 2 * threads || share <= most && threads == 1 { return nil }
    let slices = (share + most - 1) / most
    return (share + slices - 1) / slices
  }
}

extension Graph {
  /// Bytes that a node of concrete shapes reads and writes beside weights.
  fileprivate func movedBytes(_ index: Int) -> Int {
    let node = nodes[index]
    switch node.op {
    case .input, .parameter, .constant, .iota, .dimension: return 0
    default: break
    }
    let results = node.types.reduce(0) { $0 + ($1.shape.elementCount ?? 0) }
    return 4 * node.operands.reduce(results) { $0 + (isWeight($1) ? 0 : shape($1).elementCount ?? 0) }
  }

  /// Whether a node's weights cost more to read again for each slice than its data does.
  fileprivate func prefersWholeBatch(_ index: Int, cachedWeights: Int) -> Bool {
    switch nodes[index].op {
    case .recurrence: return true
    case .convolution, .matmul, .convolutionInputGradient:
      let weights = nodes[index].operands.reduce(0) { $0 + (isWeight($1) ? 4 * (shape($1).elementCount ?? 0) : 0) }
      return weights > cachedWeights && weights > movedBytes(index)
    default: return false
    }
  }

  private func isWeight(_ value: Value) -> Bool {
    switch nodes[value.node].op {
    case .parameter, .constant: true
    default: false
    }
  }
}

extension Op {
  /// Whether it keeps account of numbers beyond float32 and int32 from an input on, which slices do not carry.
  fileprivate var readsWholeInput: Bool {
    switch self {
    case .lookup, .hash, .cross, .encodeText: true
    default: false
    }
  }
}
