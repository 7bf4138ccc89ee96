import KerasCore
import KerasFile
import KerasModel

/// A model in the terms of tf.keras 2.15: its config in the form of Keras 2, and the weights that go with it.
struct Keras2Model {
  /// The release whose behaviour the written files are made for.
  static let kerasVersion = "2.15.0"

  /// Rewritten, still in canonical terms: what `config` says in those of Keras 2.
  let model: ModelConfig
  /// `class_name` and `config`, as the attribute `model_config` has them.
  let config: JSON
  /// As the attribute `training_config` has it.
  let trainingConfig: JSON?
  /// Every variable in Keras' order, by its canonical name.
  let variables: [Keras3Model.Variable]
  /// The names of the same variables in 2.15: `lstm/lstm_cell/kernel`.
  let names: [String]
  let optimizer: Keras2OptimizerState?
  let notes: [ExportNote]
  /// As our own reader has it.
  let loaded: LoadedModel

  /// Rewrites the canonical model; throws `ExportError` naming the layer that tf.keras 2.15 cannot express.
  init(
    _ loaded: LoadedModel, options: ExportOptions, target: RewriteTarget = .keras2
  ) throws(ExportError) {
    let rewritten = try RewrittenModel(loaded, target: target, options: options)
    (model, self.loaded) = (rewritten.config, rewritten.model)
    config = try Keras2Config(rewritten.config).json
    variables = rewritten.variables
    names = Keras2VariableNames(rewritten.config, namesCells: target.namesCells)
      .names(of: rewritten.variables.map(\.name))
    let outputs = model.isSequential ? [model.layers.last?.name ?? ""] : model.outputs.map(\.layer)
    let (compile, compileNotes) = CompileConfig.of(
      loaded.canonical.compile, semantics: loaded.semantics, outputNames: outputs, target: target)
    trainingConfig = compile.map { Keras2Compile.trainingConfig($0) }
    var notes = rewritten.notes + compileNotes
    var optimizer: Keras2OptimizerState?
    if let compile {
      do throws(Keras3OptimizerState.Lost) {
        optimizer = try Keras2OptimizerState(
          loaded, compile: compile, variables: variables, names: names, rewritten: rewritten)
      } catch {
        notes.append(
          ExportNote(.lost, "the optimizer's state, so that training resumes with a fresh one: \(error.reason)"))
      }
    }
    self.optimizer = optimizer
    self.notes = notes
  }

  /// The top layers with their variables, in the order in which HDF5 files of Keras 2 hold them: trained ones first.
  var layers: [(name: String, variables: [(name: String, variable: Keras3Model.Variable)])] {
    let named = zip(names, variables).map { (name: $0, variable: $1) }
    return model.layers.filter { !(model.isSequential && $0.className == "InputLayer") }.map { layer in
      let own = named.filter { $0.variable.name.hasPrefix(layer.name + "/") }
      return (layer.name, own.filter(\.variable.trainable) + own.filter { !$0.variable.trainable })
    }
  }

  /// An HDF5 file in 2.15's layout.
  func writer(record: JSON?) -> LegacyHDF5Writer {
    LegacyHDF5Writer(
      modelConfig: config, trainingConfig: trainingConfig, kerasVersion: Self.kerasVersion,
      layers: layers.map { layer in
        LegacyHDF5Writer.Layer(
          name: layer.name,
          arrays: layer.variables.map { .init(name: $0.name + ":0", tensor: $0.variable.tensor) })
      },
      optimizerArrays: (optimizer?.arrays ?? []).map { .init(name: $0.name, tensor: $0.tensor) },
      record: record)
  }
}
