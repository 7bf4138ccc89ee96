import KerasCore
import KerasFile
import KerasModel
import KerasTraining

extension ModelDiff {
  /// Compares two models as loaded, in canonical terms; one without weights is compared in all else.
  ///
  /// Arrays are compared one after the other: of models loaded without `LoadOptions.readsWeights`, no more than a pair is
  /// in memory. Throws `ModelError` where weights cannot be told by their layers, or read.
  public static func compare(_ a: LoadedModel, _ b: LoadedModel) throws(ModelError) -> ModelDiff {
    var comparison = ModelComparison(a: try ModelSide(a), b: try ModelSide(b))
    let hasWeights = (a: a.holdsWeights, b: b.holdsWeights)
    var diff = ModelDiff(
      fileA: a.source.file, fileB: b.source.file, layers: [], model: [], compile: [], optimizerState: [],
      incomparable: [])
    let needsWeights = !comparison.a.specs.isEmpty || !comparison.b.specs.isEmpty
    if needsWeights, !hasWeights.a || !hasWeights.b {
      comparison.comparesWeights = false
      let lacking =
        !hasWeights.a && !hasWeights.b ? "Neither file holds" : hasWeights.a ? "B does not hold" : "A does not hold"
      diff.incomparable.append("\(lacking) weights, so these are not compared.")
    }
    try comparison.compare(a.network, b.network, [a.canonical.config, b.canonical.config], pathA: [], pathB: [])
    diff.layers = comparison.layers
    diff.model = comparison.model
    try followUnits(comparison, &diff)
    compareTraining(a, b, comparison, &diff)
    return diff
  }

  /// Asks of models of one architecture whether units in another order are so for all who take them in.
  private static func followUnits(_ comparison: ModelComparison, _ diff: inout ModelDiff) throws(ModelError) {
    func isMoved(_ relation: ArrayRelation?) -> Bool {
      if case .permuted = relation { true } else { false }
    }
    guard diff.layers.contains(where: { $0.weights.contains { isMoved($0.relation) } }),
      diff.layers.allSatisfy({ $0.pathA != nil && $0.pathB != nil && $0.connections == nil })
    else { return }
    var orders = try UnitOrders(comparison.a, comparison.b, layers: diff.layers)
    try orders.follow()
    diff.reorderings = orders.found
    let consistent = orders.consistent
    for index in diff.layers.indices where diff.layers[index].pathA.map(consistent.contains) == true {
      for weight in diff.layers[index].weights.indices where isMoved(diff.layers[index].weights[weight].relation) {
        diff.layers[index].weights[weight].isReorderedConsistently = true
      }
    }
  }

  private static func compareTraining(
    _ a: LoadedModel, _ b: LoadedModel, _ comparison: ModelComparison, _ diff: inout ModelDiff
  ) {
    let architectures: Set<FileFormat> = [.json, .yaml]
    let (compileA, compileB) = (a.canonical.compile, b.canonical.compile)
    if (compileA == nil) != (compileB == nil), architectures.contains((compileA == nil ? a : b).source.format) {
      diff.incomparable.append("\(compileA == nil ? "A" : "B") is an architecture without a training configuration.")
      return
    }
    diff.compile = FieldComparison.compare(compileA, compileB, name: "") { name in
      FieldComparison.effect(name) == .note ? .note : .training
    }
    for index in diff.compile.indices where diff.compile[index].name.isEmpty { diff.compile[index].name = "compile" }
    do {
      let states = try (a: OptimizerState.stored(in: a), b: OptimizerState.stored(in: b))
      diff.optimizerState = try comparison.states(states.a, states.b)
    } catch {
      diff.incomparable.append("The optimizers' states are not compared: \(error)")
    }
  }
}

/// One of the two models, with its variables.
struct ModelSide {
  let model: LoadedModel
  let specs: [(name: String, spec: WeightSpec, layerName: String, trainable: Bool)]
  /// How the file says a field: layer path and canonical key → old key and value.
  private let saved: [String: String]

  init(_ model: LoadedModel) throws(ModelError) {
    self.model = model
    specs = try model.network.parameterSpecs()
    var saved: [String: String] = [:]
    for record in model.canonical.provenance {
      guard let key = record.newKey else { continue }
      let text =
        switch record.kind {
        case .defaulted: "not stated"
        case .dropped: "dropped"
        case .renamed: record.oldKey ?? ""
        case .translated: "\(record.oldKey ?? "") = \(record.oldValue?.text() ?? "")"
        }
      saved["\(record.layer)#\(key)"] = text
    }
    self.saved = saved
  }

  func saved(_ field: String, of path: [String]) -> String? {
    let key = field.split(separator: ".").first.map(String.init) ?? field
    return saved["\(path.joined(separator: "/"))#\(key)"]
  }

  /// The variables of a layer by their names below it.
  func variables(of path: [String]) -> [(name: String, parameter: String, shape: [Int])] {
    let prefix = path.joined(separator: "/") + "/"
    return specs.filter { $0.spec.layerNames.starts(with: path) }.map { entry in
      let name = entry.name.hasPrefix(prefix) ? String(entry.name.dropFirst(prefix.count)) : entry.name
      return (name, entry.name, entry.spec.shape)
    }
  }
}
