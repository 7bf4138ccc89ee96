import KerasCore

/// What a value of a graph depends on, as far as it matters for computing it once per sample.
enum RowDependence: Hashable {
  /// On constants and unchanging parameters only.
  case fixed
  /// Axis 0 holds `multiple` entries for each sample, sample after sample, and they depend on this sample alone.
  case rows(multiple: Int)
  /// On random numbers, changing parameters, other samples, or in a way that is not followed.
  case other
}

extension Graph {
  /// The dependence of every node's results.
  ///
  /// `inputs` are those with an axis of samples to begin with; `changing` are parameters that may change between runs;
  /// what is computed by nodes of `excluded` is not followed.
  func rowDependences(
    inputs: Set<String>, changing: Set<String>, excluded: Set<Int> = []
  ) -> [RowDependence] {
    var found: [RowDependence] = []
    found.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() {
      var dependence = RowDependence.other
      switch node.op {
      case .input(let name):
        if inputs.contains(name), node.types[0].shape.rank > 0 { dependence = .rows(multiple: 1) }
      case .parameter(let name): dependence = changing.contains(name) ? .other : .fixed
      case .constant: dependence = .fixed
      default:
        let operands = node.operands.map { found[$0.node] }
        if operands.allSatisfy({ $0 == .fixed }) {
          dependence = node.op.isRepeatable ? .fixed : .other
        } else if !operands.contains(.other) {
          dependence = excluded.contains(index) ? .other : rows(of: node, operands) ?? .other
        }
      }
      // Blocks of several entries are cached as one row, whose size has to be known.
      if case .rows(let multiple) = dependence, multiple > 1,
        !node.types.allSatisfy({ $0.shape.dimensions.dropFirst().allSatisfy { $0 != nil } })
      {
        dependence = .other
      }
      found.append(dependence)
    }
    return found
  }

  /// The dependence of a node with at least one operand of rows and the others fixed; `nil` if its rows mix.
  private func rows(of node: Node, _ operands: [RowDependence]) -> RowDependence? {
    let ranks = node.operands.map { shape($0).rank }
    let multiples = Set(
      operands.compactMap { operand -> Int? in
        if case .rows(let multiple) = operand { multiple } else { nil }
      })
    guard multiples.count == 1 || node.op.takesShapes, let multiple = multiples.first else { return nil }
    let same = RowDependence.rows(multiple: multiple)
    /// Whether an operand keeps every row of a result of that rank to itself.
    func isAligned(_ index: Int, rank: Int) -> Bool {
      if case .rows = operands[index] { return ranks[index] == rank }
      return ranks[index] < rank || shape(node.operands[index])[0] == 1
    }
    let rank = node.types[0].shape.rank

    switch node.op {
    case .unary, .cast, .stopGradient, .lookup, .hash: return same
    case .binary, .compare, .select:
      return operands.indices.allSatisfy { isAligned($0, rank: rank) } ? same : nil
    case .matmul(let transposeA, _):
      // Without leading axes the rows of the product are those of its left side.
      if rank == 2 { return operands[1] == .fixed && !transposeA ? same : nil }
      return operands.indices.allSatisfy { isAligned($0, rank: rank) } ? same : nil
    case .convolution: return operands[1] == .fixed ? same : nil
    case .convolutionInputGradient: return operands[0] == same && operands[1] == .fixed ? same : nil
    case .pool: return same
    case .reduce(_, let axes, _): return axes.contains(0) ? nil : same
    case .argMax(let axis), .softmax(let axis), .logSoftmax(let axis), .cumulativeSum(let axis, _), .iota(let axis):
      return axis == 0 ? nil : same
    case .softmaxGradient(let axis): return axis > 0 && operands.allSatisfy { $0 == same } ? same : nil
    case .transpose(let permutation): return permutation.first == 0 ? same : nil
    case .concatenate(let axis): return axis > 0 && operands.allSatisfy { $0 == same } ? same : nil
    case .slice(let starts, let limits, let strides):
      return starts.first == 0 && limits.first == .some(nil) && strides.first == 1 ? same : nil
    case .pad(let before, let after, _): return before.first == 0 && after.first == 0 ? same : nil
    case .reverse(let axes): return axes.contains(0) ? nil : same
    case .gatherRows: return operands[0] == .fixed ? same : nil
    case .encodeText: return rank > 1 ? same : nil
    case .reshape(let target): return reshaped(node, target, operands)
    case .broadcast(let target):
      guard case .ofOperand(let source, let axis)? = target.first, axis == 0, case .rows(let own) = operands[source]
      else { return nil }
      if case .rows(let multiple) = operands[0], multiple != own { return nil }
      return isAligned(0, rank: rank) ? .rows(multiple: own) : nil
    case .recurrence(let recurrence): return recurrent(recurrence, operands)
    default: return nil
    }
  }

  /// A reshape keeps the order of elements, so that each sample's stay together: it only matters that axis 0 ends
  /// between samples.
  private func reshaped(_ node: Node, _ target: [TargetDimension], _ operands: [RowDependence]) -> RowDependence? {
    guard case .rows(let multiple) = operands[0] else { return nil }
    switch target.first {
    case .ofOperand(let source, axis: 0)?:
      guard case .rows(let own) = operands[source] else { return nil }
      return .rows(multiple: own)
    case .inferred?:
      guard let size = checkedProduct(of: shape(node.operands[0]).dimensions.dropFirst()),
        let inner = checkedProduct(of: node.types[0].shape.dimensions.dropFirst()), inner > 0,
        (size * multiple).isMultiple(of: inner), size * multiple >= inner
      else { return nil }
      return .rows(multiple: size * multiple / inner)
    default: return nil
    }
  }

  private func checkedProduct(of dimensions: ArraySlice<Int?>) -> Int? {
    Shape(Array(dimensions)).concrete.flatMap { KerasCore.checkedProduct($0) }
  }

  private func recurrent(_ recurrence: Recurrence, _ operands: [RowDependence]) -> RowDependence? {
    guard case .rows = operands[0] else { return nil }
    // x, then the kernels and a bias, then states, factors and a mask, which have an axis of samples each.
    let kernels = 1..<(recurrence.hasBias ? 4 : 3)
    guard kernels.allSatisfy({ operands[$0] == .fixed }) else { return nil }
    return operands[kernels.upperBound...].allSatisfy { $0 == operands[0] } ? operands[0] : nil
  }
}

extension Op {
  /// Whether equal operands give equal results in every run.
  fileprivate var isRepeatable: Bool {
    switch self {
    case .random, .custom, .customGradient: false
    default: true
    }
  }

  /// Whether operands beside the first may be there for their shapes only.
  fileprivate var takesShapes: Bool {
    switch self {
    case .reshape, .broadcast: true
    default: false
    }
  }

  /// Whether computing it takes next to no time beside a product or convolution.
  var isCheap: Bool {
    switch self {
    case .matmul, .convolution, .convolutionInputGradient, .convolutionKernelGradient, .recurrence,
      .recurrenceGradient, .pool, .custom, .customGradient:
      false
    default: true
    }
  }
}
