import KerasCore
import KerasGraph
import KerasModel
import KerasTraining

/// Runs a model over samples and turns what its layers compute into a diagnosis.
///
/// Memory is bounded: batches are as small as `DiagnosisOptions.memoryLimit` asks, statistics keep counts only, and with
/// targets one gradient of each weight is summed up.
public struct Diagnoser {
  private let model: LoadedModel
  private let lowered: LoweredModel
  private let options: DiagnosisOptions
  private let trace: GraphTrace
  private let parameters: [(name: String, layer: String)]

  /// `lowered` is the model's graph in inference; throws `ModelError`.
  public init(_ model: LoadedModel, _ lowered: LoweredModel, options: DiagnosisOptions = DiagnosisOptions()) throws {
    self.model = model
    self.options = options
    parameters = try model.network.parameterSpecs().map { ($0.name, $0.layerName) }
    trace = GraphTrace(lowered, variables: parameters)
    var looked = lowered
    looked.graph = trace.graph
    self.lowered = looked
  }

  /// Looks at samples whose arrays have the shapes of the model's inputs.
  ///
  /// Without targets there is no loss and no gradient. Throws `TrainingError` or what the source throws.
  public func run(_ data: any SampleSource, progress: (Int, Int) -> Void = { _, _ in }) throws -> Diagnosis {
    let samples = SpreadSamples(data, count: options.samples, fixedBatch: fixedBatch)
    guard samples.count > 0 else { throw TrainingError.noSamples }
    var diagnosis = Diagnosis(
      file: model.source.file, semantics: semantics.name, samples: samples.count, available: data.count,
      batchSize: fixedBatch ?? options.batchSize, inputs: [], layers: [], dataLoss: nil, penalties: [], verdicts: [],
      recommendation: nil, notes: [])
    if samples.count < data.count, !samples.isSpread {
      diagnosis.notes.append("the first \(samples.count) of \(data.count) samples were looked at (--samples)")
    }
    let hasTargets = try samples.first()?.targets.isEmpty == false
    let usesLoss = hasTargets && hasLoss(&diagnosis)
    try measure(samples, usesLoss: usesLoss, progress, &diagnosis)
    let terms = PenaltyTerms(model, options: options, usesLoss: usesLoss)
    try addPenalties(try terms.measured(lowered, samples), to: &diagnosis)
    diagnosis.verdicts = ModelVerdicts.verdicts(on: diagnosis)
    diagnosis.recommendation = try terms.recommendation(for: &diagnosis, samples)
    return diagnosis
  }

  private var semantics: TrainingSemantics { options.training.semantics ?? model.semantics }

  /// Set where the model's state goes from batch to batch.
  private var fixedBatch: Int? {
    lowered.inputNames.lazy.compactMap { lowered.graph.input(named: $0) }.first.flatMap { lowered.graph.shape($0)[0] }
  }

  private func hasLoss(_ diagnosis: inout Diagnosis) -> Bool {
    do {
      _ = try ModelProbe(model, lowered, observed: [], usesTargets: true, options: options.training)
      return true
    } catch {
      diagnosis.notes.append("no loss and no gradients: \(error)")
      return false
    }
  }

  // MARK: Numbers

  private func measure(
    _ samples: SpreadSamples, usesLoss: Bool, _ progress: (Int, Int) -> Void, _ diagnosis: inout Diagnosis
  ) throws {
    var layers = trace.layers.map { LayerMeasurement($0, drivers: drivers(of: $0)) }
    var inputs: [(name: String, value: Value, summary: ValueSummary)] = lowered.inputNames.compactMap { name in
      lowered.graph.input(named: name).flatMap { value in
        lowered.graph.type(value).dtype == .string ? nil : (name, value, ValueSummary())
      }
    }
    var places: [Value: Int] = [:]
    var observed: [Value] = []
    let wanted =
      layers.flatMap(\.observed) + inputs.filter { lowered.graph.type($0.value).dtype == .float32 }.map(\.value)
    for value in wanted where places[value] == nil {
      places[value] = observed.count
      observed.append(value)
    }
    let outputs = Set(trace.layers.flatMap { $0.applications.map(\.output) })
    let probe = try ModelProbe(
      model, lowered, observed: observed, withGradients: usesLoss ? outputs : [], usesTargets: usesLoss,
      weightRanks: samples.source.weightRanks, options: options.training)
    if let problem = probe.gradientProblem { diagnosis.notes.append("no gradients: \(problem)") }
    var gradients = probe.trained.map { [Float](repeating: 0, count: $0.shape.reduce(1, *)) }
    var loss = 0.0
    var done = 0
    let block = fixedBatch ?? batchSize(for: observed)
    try samples.forEachBatch(of: block) { batch in
      let scalars = try probe.run(batch)
      loss += (scalars.dataLoss ?? 0) * Double(batch.count)
      for index in layers.indices { try layers[index].add(probe, places, samples: batch.count) }
      for index in inputs.indices {
        if let place = places[inputs[index].value] {
          try probe.withObserved(place) { values, _ in inputs[index].summary.add(values) }
        } else if let numbers = try? batch.inputs[index].floats() {
          numbers.withUnsafeBufferPointer { inputs[index].summary.add($0) }
        }
      }
      let share = Float(batch.count) / Float(samples.count)
      for index in gradients.indices {
        try probe.withGradient(ofTrained: index) { values in
          for (place, value) in values.enumerated() where place < gradients[index].count {
            gradients[index][place] += share * value
          }
        }
      }
      done += batch.count
      progress(done, samples.count)
    }
    diagnosis.inputs = inputs.map { InputDiagnosis(name: $0.name, values: $0.summary) }
    diagnosis.dataLoss = usesLoss ? loss / Double(max(done, 1)) : nil
    let norms = Dictionary(
      zip(probe.trained, gradients).map { ($0.name, $1.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()) },
      uniquingKeysWith: { first, _ in first })
    diagnosis.layers = try layers.map { try withWeights($0.result, norms) }
  }

  /// As many samples as their intermediate results fit into the memory that is allowed.
  private func batchSize(for observed: [Value]) -> Int {
    let numbers = observed.reduce(0) { sum, value in
      sum + lowered.graph.shape(value).dimensions.dropFirst().reduce(1) { $0 * ($1 ?? 64) }
    }
    // The gradients take about as much again.
    return max(1, min(options.batchSize, options.memoryLimit / max(numbers * 8, 1)))
  }

  private func drivers(of layer: TracedLayer) -> DriverCount? {
    guard let application = layer.applications.first, let product = application.product,
      let kernel = model.weights[product.kernel],
      let axis = application.preActivation == nil ? application.outputAxis : application.preActivationAxis,
      case let shape = lowered.graph.shape(application.preActivation ?? application.output), axis < shape.rank,
      let units = shape[axis]
    else { return nil }
    return DriverCount(
      activation: layer.activation, units: units, kernel: kernel, kernelField: Self.field(product.kernel),
      bias: product.bias.flatMap { model.weights[$0] }, biasField: product.bias.map(Self.field))
  }

  /// `depthwise` of `…/depthwise_kernel`.
  private static func field(_ parameter: String) -> String {
    let role = parameter.split(separator: "/").last.map(String.init) ?? parameter
    return role.hasSuffix("_kernel") ? String(role.dropLast("_kernel".count)) : role
  }

  private func withWeights(_ layer: LayerDiagnosis, _ norms: [String: Double]) throws -> LayerDiagnosis {
    var layer = layer
    for (name, owner) in parameters where owner == layer.path {
      guard let data = model.weights[name] else { continue }
      var summary = ValueSummary()
      try data.floats().withUnsafeBufferPointer { summary.add($0) }
      layer.weights.append(
        WeightDiagnosis(
          name: WeightName.below(owner, name), shape: data.shape, values: summary, gradientNorm: norms[name]))
    }
    let squares = layer.weights.compactMap(\.gradientNorm).map { $0 * $0 }
    layer.weightGradient = squares.isEmpty ? nil : squares.reduce(0, +).squareRoot()
    return layer
  }

  // MARK: Regularization

  private func addPenalties(_ terms: [(name: String, value: Double)], to diagnosis: inout Diagnosis) throws {
    let loss = diagnosis.dataLoss.map { $0 + terms.reduce(0) { $0 + $1.value } }
    diagnosis.penalties = terms.map { name, value in
      PenaltyShare(name: name, value: value, share: loss.flatMap { $0 > 0 ? value / $0 : nil })
    }
    let owners = Dictionary(
      parameters.map { ($0.name + "_regularizer", $0.layer) }, uniquingKeysWith: { first, _ in first })
    for penalty in diagnosis.penalties {
      let layer = owners[penalty.name] ?? String(penalty.name.dropLast("/activity_regularizer".count))
      if let place = diagnosis.layers.firstIndex(where: { $0.path == layer }) {
        diagnosis.layers[place].penalties.append(penalty)
      }
    }
  }
}

/// Names of variables.
enum WeightName {
  /// `kernel` of `encoder/dense_1/kernel`; holders that the path does not name stay.
  static func below(_ layer: String, _ name: String) -> String {
    if name.hasPrefix(layer + "/") { return String(name.dropFirst(layer.count + 1)) }
    return name.split(separator: "/").last.map(String.init) ?? name
  }
}
