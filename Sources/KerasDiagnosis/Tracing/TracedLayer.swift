import KerasGraph

/// A layer with the places in the graph where its numbers are.
struct TracedLayer {
  /// x · kernel + bias, whatever kind of product it is.
  struct Product {
    /// What is multiplied.
    var input: Value
    var kernel: String
    var bias: String?
  }

  /// One application of the layer.
  struct Application {
    /// What it puts out, with the units along `outputAxis`, as far as is known.
    var output: Value
    var outputAxis: Int?
    /// The input of the activation.
    var preActivation: Value?
    var preActivationAxis: Int?
    var product: Product?
  }

  /// A gate of a recurrence; of both directions' and several calls' those of one name are one.
  struct Gate {
    var name: String
    var activation: TracedActivation?
    var calls: [(preActivation: Value, output: Value)]
  }

  var path: String
  var className: String
  var gates: [Gate] = []
  /// Its own variables, in the model's order.
  var variables: [String] = []
  var applications: [Application] = []
  var activation: TracedActivation?
  /// Layers with variables whose results come in, through layers without.
  var producers: [String] = []
  /// The model's inputs that come in so.
  var inputs: [String] = []
  /// The layer whose result is the input of the activation, unchanged; of layers that are nothing but an activation.
  var activates: String?
  /// Whether its result is the model's, as it is or through a layer that is an activation.
  var isOutput = false
}
