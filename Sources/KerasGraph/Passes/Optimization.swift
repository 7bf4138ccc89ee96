import KerasCore

extension Graph {
  /// A mathematically equal graph for inference in which everything that the weights decide is computed already.
  ///
  /// Of `parameters` those that are folded with others become constants in the graph; the rest stay parameters.
  /// Works on graphs with unknown and with concrete shapes; a specialised graph may be optimised once more.
  ///
  /// `constantLimit` is how many elements a folded result may have, where formats compute nothing from constants alone.
  public func optimizedForInference(
    parameters: [String: TensorData], constantLimit: Int? = nil
  ) throws(GraphError) -> Graph {
    try optimizedForInference(parameters: KnownParameters(parameters), constantLimit: constantLimit)
  }

  /// The same with parameters that are read only where they are folded.
  public func optimizedForInference(
    parameters: KnownParameters, constantLimit: Int? = nil
  ) throws(GraphError) -> Graph {
    var graph = self
    // Every round can only open ways for the next; models settle after three or four.
    for _ in 0..<Self.roundLimit {
      let before = graph
      graph = try graph.simplified(dropsStopGradient: true)
      var folding = ConstantFolding(parameters: parameters, limit: constantLimit)
      graph = try graph.rewritten(by: &folding)
      var affine = AffineFolding(graph, parameters: parameters)
      graph = try graph.rewritten(by: &affine).withoutDeadCode()
      if graph.nodes == before.nodes { break }
    }
    return graph
  }

  /// A mathematically equal graph whose parameters all stay what they are; `stopGradient` is kept.
  public func optimizedForTraining() throws(GraphError) -> Graph {
    var graph = self
    for _ in 0..<Self.roundLimit {
      let before = graph
      graph = try graph.simplified(dropsStopGradient: false)
      // Without parameters only arithmetic among constants is folded.
      var folding = ConstantFolding(parameters: KnownParameters([:]))
      graph = try graph.rewritten(by: &folding).withoutDeadCode()
      if graph.nodes == before.nodes { break }
    }
    return graph
  }

  private static var roundLimit: Int { 12 }

  private func simplified(dropsStopGradient: Bool) throws(GraphError) -> Graph {
    var shapes = ShapeResolution()
    var identities = IdentityRemoval(dropsStopGradient: dropsStopGradient)
    var transposes = TransposeMerging()
    var reshapes = ReshapeMerging()
    var pads = PadFolding()
    var common = CommonSubexpressionElimination()
    return try rewritten(by: &shapes).rewritten(by: &identities).rewritten(by: &transposes)
      .rewritten(by: &reshapes).rewritten(by: &pads).rewritten(by: &common)
  }
}
