import KerasCore
import KerasGraph
import OrderedCollections

/// A Keras layer in Keras 3 terms: its fields, its weights, and what it computes as primitive ops.
///
/// A layer knows neither the era of its file nor any export format: configs arrive upgraded to canonical Keras 3 fields.
public protocol Layer: Sendable {
  /// The Keras class name, e.g. `Conv2D`.
  static var className: String { get }
  /// The class name of this value; differs from the type's only for `Network`, which is Sequential or Functional.
  var className: String { get }
  /// Keras' names of the call arguments that are the layer's inputs, in order; files may pass them by name.
  static var inputArguments: [String] { get }

  /// Reads the canonical config; throws `ModelError` naming the field that is missing or wrong.
  init(_ config: inout ConfigReader) throws(ModelError)

  /// The canonical config's fields, without `name`, `trainable` and `dtype`, every value explicit.
  var config: OrderedDictionary<String, JSON> { get }

  /// The layer's variables in Keras 3's order, for the given input shapes.
  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec]

  /// Adds the layer's computation to the graph; weights come from `context.weight(role)`.
  ///
  /// Output shapes follow from the ops' own shape inference, also with unknown dimensions.
  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor]

  /// Layers inside this one (wrappers, nested models), with the attribute that holds each.
  var sublayers: [Sublayer] { get }

  /// The penalty on what the layer puts out.
  var activityRegularizer: Regularizer? { get }
}

extension Layer {
  public var className: String { Self.className }
  public static var inputArguments: [String] { ["inputs"] }
  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { [] }
  public var sublayers: [Sublayer] { [] }
  public var activityRegularizer: Regularizer? { nil }
}

/// A layer inside another: `forward_layer` of a Bidirectional, `layer` of a TimeDistributed, a model's layers.
public struct Sublayer: Sendable {
  /// The path of the object under its owner as Keras 3 stores it: `forward_layer`, `layer`, `layers/dense_1`.
  public var holder: String
  public var name: String
  public var layer: any Layer
  public var trainable: Bool

  public init(holder: String, name: String, layer: any Layer, trainable: Bool = true) {
    self.holder = holder
    self.name = name
    self.layer = layer
    self.trainable = trainable
  }
}

/// A variable of a layer.
public struct WeightSpec: Sendable, Hashable {
  /// Keras 3's variable name, such as `kernel`, `recurrent_kernel` or `moving_mean`.
  public var role: String
  /// The object that owns it below the layer, as in `.keras` files: empty, `cell`, `forward_layer/cell` or `layers/dense_1`.
  public var holder: String
  public var shape: [Int]
  public var trainable: Bool
  public var regularizer: Regularizer?
  public var constraint: Constraint?
  /// Canonical initializer config, for fresh weights.
  public var initializer: JSON
  /// The layer inside the model that owns it, by names: `encoder/dense_1` inside nested models, else empty.
  public var layerNames: [String]
  /// The parameter's name below its owner: the key, with layers' names in place of holders inside nested models.
  public var path: String
  /// Whether all layers inside the owner that hold the variable are trainable.
  public var ownersTrainable = true

  public init(
    _ role: String, _ shape: [Int], holder: String = "", trainable: Bool = true, regularizer: Regularizer? = nil,
    constraint: Constraint? = nil, initializer: JSON = .null, layerNames: [String] = []
  ) {
    self.role = role
    self.holder = holder
    self.shape = shape
    self.trainable = trainable
    self.regularizer = regularizer
    self.constraint = constraint
    self.initializer = initializer
    self.layerNames = layerNames
    self.path = holder.isEmpty ? role : holder + "/" + role
  }

  /// The name below the layer's own path that makes the variable unique: `kernel`, `forward_layer/cell/kernel`.
  public var key: String { holder.isEmpty ? role : holder + "/" + role }

  /// The same variable seen from an owner one level up.
  public func held(by holder: String) -> WeightSpec {
    var spec = self
    spec.holder = self.holder.isEmpty ? holder : holder + "/" + self.holder
    spec.path = holder + "/" + path
    return spec
  }
}

/// A value in the graph and the mask that travels with it, `(batch, time)` bool.
public struct LayerTensor: Sendable, Hashable {
  public var value: Value
  public var mask: Value?

  public init(_ value: Value, mask: Value? = nil) {
    self.value = value
    self.mask = mask
  }
}

/// One application of a layer.
public struct LayerCall: Sendable {
  public var inputs: [LayerTensor]
  /// Extra tensors by Keras' argument name, such as `initial_state`.
  public var keywordTensors: [String: [LayerTensor]]
  /// Other call arguments as saved.
  public var arguments: OrderedDictionary<String, JSON>

  public init(
    inputs: [LayerTensor], keywordTensors: [String: [LayerTensor]] = [:],
    arguments: OrderedDictionary<String, JSON> = [:]
  ) {
    self.inputs = inputs
    self.keywordTensors = keywordTensors
    self.arguments = arguments
  }

  /// The only input; throws if there are several or none.
  public func single() throws(ModelError) -> LayerTensor {
    guard inputs.count == 1 else { throw ModelError(.inputCount(expected: "1 input", found: inputs.count)) }
    return inputs[0]
  }
}

/// L1, L2 or both, or an orthogonality penalty; `l1·Σ|x| + l2·Σx²` in every era.
public enum Regularizer: Sendable, Hashable {
  case l1l2(l1: Double, l2: Double)
  /// `mode` is `rows` or `columns`; Keras 2.8 and later.
  case orthogonal(factor: Double, mode: String)
}

/// A projection applied to a variable after each update; axes are those of the canonical (Keras 3) layout.
public enum Constraint: Sendable, Hashable {
  case maxNorm(maximum: Double, axes: [Int])
  case nonNegative
  case unitNorm(axes: [Int])
  case minMaxNorm(minimum: Double, maximum: Double, rate: Double, axes: [Int])
  /// Each square of a kernel `(size, size, in, out)` around its centre holds one number: tf.keras 2.4 to 2.15.
  case radial
}
