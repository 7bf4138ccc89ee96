import KerasCore
import KerasModel

/// A model in Keras 3's own terms: its config without anything Keras 3 does not know, and the weights that go with it.
struct Keras3Model {
  /// The release whose behaviour the written files are made for.
  static let kerasVersion = "3.15.1"

  var config: ModelConfig
  var compile: JSON?
  /// Every variable in Keras' order.
  var variables: [Variable]
  /// The optimizer's variables; `nil` where the model is not compiled, or training begins with a fresh state.
  var optimizer: Keras3OptimizerState?
  var notes: [ExportNote]
  /// As our own reader has it.
  let model: LoadedModel

  struct Variable {
    /// The parameter's name: `encoder/dense_1/kernel`.
    var name: String
    var tensor: TensorData
    /// Whether training changes it.
    var trainable: Bool
  }

  /// Rewrites the canonical model; throws `ExportError` naming the layer that Keras 3 cannot express.
  init(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    let rewritten = try RewrittenModel(model, target: .keras3, options: options)
    (config, self.model) = (rewritten.config, rewritten.model)
    variables = rewritten.variables
    let outputNames = config.isSequential ? [config.layers.last?.name ?? ""] : config.outputs.map(\.layer)
    let (compile, compileNotes) = CompileConfig.of(
      model.canonical.compile, semantics: model.semantics, outputNames: outputNames)
    notes = rewritten.notes + compileNotes
    self.compile = compile
    TensorShapes(rewritten.outputs).fill(in: &config)
    if let compile {
      do throws(Keras3OptimizerState.Lost) {
        optimizer = try Keras3OptimizerState(
          model, compile: compile, variables: variables, rewritten: rewritten)
      } catch {
        notes.append(
          ExportNote(.lost, "the optimizer's state, so that training resumes with a fresh one: \(error.reason)"))
      }
    }
  }
}
