import KerasGraph

/// The memory that a training step's plan may reserve.
public struct MemoryBudget: Sendable, Hashable {
  public var byteCount: Int
  /// Whether it is only what the machine seems to have: a plan that takes more is then tried all the same.
  public var isEstimate: Bool

  public init(byteCount: Int, isEstimate: Bool) {
    self.byteCount = byteCount
    self.isEstimate = isEstimate
  }
}

/// What a plan computes twice to take less memory.
public struct RecomputationSummary: Sendable, Hashable {
  /// Parts of the forward pass, all but the last of which are computed again for their gradients.
  public var segments: Int
  /// Steps that run twice.
  public var steps: Int
  /// Bytes of intermediate results and inputs without it, and with it.
  public var byteCountBefore: Int
  public var byteCount: Int

  public init(segments: Int, steps: Int, byteCountBefore: Int, byteCount: Int) {
    self.segments = segments
    self.steps = steps
    self.byteCountBefore = byteCountBefore
    self.byteCount = byteCount
  }
}

/// Looks for a way of running a graph of a loss and its gradients in the memory there is.
struct PlanSearch {
  private let graph: Graph
  private let parameters: ParameterStore
  private let options: EngineOptions
  private let weights: PreparedWeights

  init(
    _ graph: Graph, parameters: ParameterStore, options: EngineOptions, weights: PreparedWeights
  ) throws(EngineError) {
    (self.parameters, self.options, self.weights) = (parameters, options, weights)
    do {
      self.graph =
        try graph.outputs.first.map { loss throws(GraphError) in
          try graph.rematerializing(loss: loss)
        } ?? graph
    } catch {
      throw EngineError(.graph(error))
    }
  }

  /// The plan as it is without limit if that fits; else of growing numbers of segments the first that does.
  ///
  /// The graph's first output is the loss. Throws `EngineError.memoryLimit` where none fits, unless the budget is an
  /// estimate: then the plan that takes least.
  func plan(within budget: MemoryBudget) throws(EngineError) -> Plan {
    let whole = try UnitSequence(graph, fusing: true, threads: options.threads(forWork: graph.work))
    let first = try attempt(whole, budget.byteCount, weights)
    if let plan = first.plan { return plan }
    guard let loss = graph.outputs.first else { throw EngineError(.noSuch("output number 0")) }
    var least = first.byteCount
    var smallest: (units: UnitSequence, segments: Int)?
    var failures = 0
    for segments in Self.segmentCounts where segments < whole.units.count && failures < Self.patience {
      guard let units = try whole.recomputing(segments: segments, loss: loss) else {
        failures += 1
        continue
      }
      let found = try attempt(units, budget.byteCount, PreparedWeights())
      if let plan = found.plan {
        plan.recomputation = RecomputationSummary(
          segments: segments, steps: units.copies.count, byteCountBefore: first.byteCount, byteCount: found.byteCount)
        return plan
      }
      if found.byteCount < least {
        (least, smallest, failures) = (found.byteCount, (units, segments), 0)
      } else {
        failures += 1
      }
    }
    let units = smallest?.units ?? whole
    let found = try attempt(units, nil, smallest == nil ? weights : PreparedWeights())
    guard budget.isEstimate, let plan = found.plan else {
      // With the orders of weights that are known only once the primitives are made.
      let needed = max(least, found.plan?.reservedByteCount ?? 0)
      throw EngineError(.memoryLimit(needed: needed, limit: budget.byteCount))
    }
    if let smallest {
      plan.recomputation = RecomputationSummary(
        segments: smallest.segments, steps: units.copies.count, byteCountBefore: first.byteCount,
        byteCount: found.byteCount)
    }
    return plan
  }

  private static let segmentCounts = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128]
  /// So many numbers of segments in a row that do not help end the search.
  private static let patience = 4

  /// The plan, or what it is known to take if that is more than the limit: with the orders of weights, which are known
  /// once the primitives are made, or without.
  private func attempt(
    _ units: UnitSequence, _ limit: Int?, _ weights: PreparedWeights
  ) throws(EngineError) -> (plan: Plan?, byteCount: Int) {
    do {
      let plan = try Plan(
        graph, parameters: parameters, mutableParameters: true, options: options, fusing: true,
        sharedWeights: weights, units: units, memoryLimit: limit)
      return (limit.map { plan.reservedByteCount > $0 } == true ? nil : plan, plan.plannedByteCount)
    } catch {
      guard case .memoryLimit(let needed, _) = error.cause else { throw error }
      return (nil, needed)
    }
  }
}
