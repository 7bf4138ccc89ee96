import KerasCore
import KerasEngine
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel
@testable import KerasTraining

/// Results of the forward pass that are computed again for their gradients: the same numbers, bit for bit, in less memory.
@Suite struct RecomputationTests {
  /// Models of which most memory are activations, with the loss and the share of memory that should be left.
  enum Deep: String, CaseIterable {
    case convolutions, dropout, residual, recurrent, transformer

    func model() throws -> LoadedModel {
      var layers = Architecture()
      switch self {
      case .convolutions:
        var x = layers.input([12, 12, 3])
        for _ in 0..<14 {
          x = layers.add("Conv2D", ["filters": 4, "kernel_size": [3, 3], "padding": "same"], x)
          x = layers.add("BatchNormalization", [:], x)
          x = layers.add("Activation", ["activation": "relu"], x)
        }
        return try classifier(&layers, layers.add("GlobalAveragePooling2D", [:], x))
      case .dropout:
        var x = layers.input([16])
        for index in 0..<14 {
          x = layers.add("Dense", ["units": 16, "activation": index % 2 == 0 ? "tanh" : "elu"], x)
          x =
            index % 3 == 2
            ? layers.add("GaussianNoise", ["stddev": 0.1], x) : layers.add("Dropout", ["rate": 0.3], x)
        }
        return try classifier(&layers, x)
      case .residual:
        var x = layers.input([12, 12, 3])
        x = layers.add("Conv2D", ["filters": 8, "kernel_size": [1, 1]], x)
        for _ in 0..<8 {
          var y = layers.add(
            "Conv2D", ["filters": 8, "kernel_size": [3, 3], "padding": "same", "activation": "relu"], x)
          y = layers.add("Conv2D", ["filters": 8, "kernel_size": [3, 3], "padding": "same"], y)
          x = layers.add("Activation", ["activation": "relu"], layers.add("Add", [:], x, y))
        }
        return try classifier(&layers, layers.add("GlobalMaxPooling2D", [:], x))
      case .recurrent:
        var x = layers.input([12, 6])
        for index in 0..<4 {
          x = layers.add(
            index == 2 ? "GRU" : "LSTM", ["units": 8, "return_sequences": true, "recurrent_dropout": 0.2], x)
          x = layers.add("Dense", ["units": 8], x)
        }
        return try classifier(&layers, layers.add("LSTM", ["units": 8], x))
      case .transformer:
        var x = layers.input([10, 8])
        for _ in 0..<4 {
          var y = layers.add("LayerNormalization", [:], x)
          y = layers.add("MultiHeadAttention", ["num_heads": 2, "key_dim": 4, "dropout": 0.1], y, others: ["value": y])
          x = layers.add("Add", [:], x, y)
          y = layers.add("LayerNormalization", [:], x)
          y = layers.add("Dense", ["units": 32, "activation": "gelu"], y)
          x = layers.add("Add", [:], x, layers.add("Dense", ["units": 8], y))
        }
        return try classifier(&layers, layers.add("GlobalAveragePooling1D", [:], x))
      }
    }

    private func classifier(_ layers: inout Architecture, _ features: String) throws -> LoadedModel {
      let output = layers.add("Dense", ["units": 3, "activation": "softmax"], features)
      return try layers.model(output: output)
    }

    /// What of the step's memory may be left; gradients and the inputs are in it too.
    var share: Double {
      switch self {
      case .convolutions, .residual: 0.5
      case .dropout, .transformer, .recurrent: 0.7
      }
    }
  }

  private struct Result: Equatable {
    var weights: [String: TensorData]
    var history: [JSON]
    var state: OptimizerState?
  }

  private func options(_ optimizer: JSON = "adam") -> TrainingOptions {
    TrainingOptions(loss: "categorical_crossentropy", optimizer: optimizer, metrics: ["accuracy"], seed: 5)
  }

  private func data(_ model: LoadedModel, count: Int) throws -> DataSet {
    let lowered = try model.network.lowered(training: false)
    let input = try #require(lowered.graph.input(named: lowered.inputNames[0]))
    let shape = [count] + lowered.graph.shape(input).dimensions.dropFirst().compactMap(\.self)
    let values = Tensor.random(shape, seed: 7).values.map { Float($0) }
    let labels = (0..<count * 3).map { Float($0 % 3 == ($0 / 3) % 3 ? 1 : 0) }
    return try DataSet(
      inputs: [try TensorData(shape: shape, floats: values)],
      targets: [try TensorData(shape: [count, 3], floats: labels)])
  }

  private func train(
    _ model: LoadedModel, _ options: TrainingOptions, _ data: DataSet, _ fit: FitOptions
  ) throws -> (result: Result, recomputation: RecomputationSummary?) {
    let trainer = try Trainer(model: model, options: options)
    let run = try trainer.run(data, fit)
    while try run.next() != nil {}
    let result = Result(
      weights: try trainer.weights(), history: run.history.epochs.map(\.json), state: try trainer.savedState())
    return (result, run.recomputation)
  }

  @Test(arguments: Deep.allCases, [1, 2]) func theNumbersAreTheSameInLessMemory(_ kind: Deep, _ threads: Int) throws {
    let model = try kind.model()
    let data = try data(model, count: 64)
    var options = options()
    options.threads = threads
    let fit = FitOptions(epochs: 2, batchSize: 32)
    let (expected, none) = try train(model, options, data, fit)
    #expect(none == nil)
    options.availableMemory = 0
    let (found, recomputation) = try train(model, options, data, fit)
    #expect(found == expected)
    let summary = try #require(recomputation)
    #expect(summary.segments > 1 && summary.steps > 0)
    #expect(Double(summary.byteCount) <= kind.share * Double(summary.byteCountBefore), "\(summary)")
  }

  /// Every recorded model, also those too small to gain from it.
  @Test(arguments: Fixture.names) func recordedModelsTrainTheSame(_ name: String) throws {
    let fixture = try Fixture(name)
    let data = try FrozenPrefixTests.data(fixture, count: 12)
    var options = TrainingOptions(seed: 11)
    options.resumesOptimizer = false
    let fit = FitOptions(epochs: 2, batchSize: 6)
    let (expected, _) = try train(fixture.model, options, data, fit)
    options.availableMemory = 0
    #expect(try train(fixture.model, options, data, fit).result == expected)
  }

  @Test func aChainOfThirtyLayersTakesLessThanHalf() throws {
    var layers = Architecture()
    var x = layers.input([16])
    for _ in 0..<30 { x = layers.add("Dense", ["units": 16, "activation": "tanh"], x) }
    x = layers.add("Dense", ["units": 3, "activation": "softmax"], x)
    let model = try layers.model(output: x)
    var options = options()
    options.availableMemory = 0
    let run = try Trainer(model: model, options: options).run(data(model, count: 512), FitOptions(batchSize: 512))
    _ = try run.next()
    let summary = try #require(run.recomputation)
    #expect(summary.byteCount * 2 <= summary.byteCountBefore, "\(summary)")
  }

  @Test func theFirstPlanThatFitsIsTaken() throws {
    let model = try Deep.convolutions.model()
    let data = try data(model, count: 32)
    func summary(_ limit: Int?, available: Int?) throws -> RecomputationSummary? {
      var options = options()
      options.memoryLimit = limit
      options.availableMemory = available
      let run = try Trainer(model: model, options: options).run(data, FitOptions(batchSize: 32))
      _ = try run.next()
      return run.recomputation
    }
    let least = try #require(try summary(nil, available: 0))
    #expect(try summary(1 << 40, available: 0) == nil)
    #expect(try summary(nil, available: 1 << 40) == nil)
    let some = try #require(try summary(least.byteCountBefore, available: 0))
    #expect(some.segments < least.segments)
    #expect(some.byteCount > least.byteCount && some.byteCount < some.byteCountBefore)
  }

  @Test func aLimitThatNothingKeepsSaysWhatIsNeeded() throws {
    let model = try Deep.convolutions.model()
    let data = try data(model, count: 32)
    func step(_ limit: Int) throws {
      var options = options()
      options.memoryLimit = limit
      _ = try Trainer(model: model, options: options).run(data, FitOptions(batchSize: 32)).next()
    }
    let error = try #require(throws: TrainingError.self) { try step(10_000) }
    guard case .memoryLimit(let needed, let limit, let batchSize) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(limit == 10_000 && batchSize == 32 && needed > limit)
    #expect("\(error)".contains("--batch-size") && "\(error)".contains("--memory-limit"))
    try step(needed)
    #expect(throws: TrainingError.self) { try step(needed - needed / 8) }
  }

  /// The plan that computes twice against plain loops in double precision over the graph that does not.
  @Test(arguments: [Deep.convolutions, .residual, .recurrent, .transformer])
  func gradientsAreTheReferences(_ kind: Deep) throws {
    let model = try kind.model()
    let data = try data(model, count: 4)
    let lowered = try model.network.lowered(training: false)
    let compile = try CompileConfiguration(
      ["loss": "categorical_crossentropy", "optimizer": "sgd"], outputNames: lowered.outputNames)
    var loss = try LossGraph(
      ForwardGraph(lowered), compile: compile, semantics: model.semantics, usesSampleWeights: false,
      addsPenalties: true)
    let gradients = try loss.addGradients()
    loss.setOutputs([loss.total] + gradients.map(\.gradient))
    var arrays: [String: TensorData] = [:]
    for (name, array) in zip(loss.inputNames, data.inputs) { arrays[name] = array }
    for (name, array) in zip(loss.targetInputs, data.targets) { if let name { arrays[name] = array } }
    let store = ParameterStore()
    for (name, array) in model.weights { try store.set(name, array) }
    let executor = Executor(loss.graph, parameters: store, mutableParameters: true) {
      MemoryBudget(byteCount: 0, isEstimate: true)
    }
    let plan = try executor.plan(for: arrays.mapValues(\.shape))
    #expect(plan.recomputation != nil)
    let found = try plan.run(arrays)
    let expected = try Interpreter.run(
      loss.graph, inputs: arrays.mapValues { try Tensor($0) }, parameters: model.weights.mapValues { try Tensor($0) })
    for (index, (found, expected)) in zip(found, expected).enumerated() {
      #expect(isClose(try found.doubles(), expected.values, 2e-4), "\(index == 0 ? "loss" : gradients[index - 1].name)")
    }
  }
}
