import KerasCore
import OrderedCollections

/// A layer as rules see it: its canonical fields, its place in the file, and the models and wrappers around it.
public struct AuditedLayer: Sendable {
  /// A layer that holds one other: `TimeDistributed` or `Bidirectional`.
  public struct Wrapper: Sendable {
    public var className: String
    public var path: String
    public var config: JSON
  }

  /// By names, the models and wrappers around it included: `encoder/dense_1`.
  public var path: String
  /// The canonical class.
  public var className: String
  /// The canonical fields.
  public var config: JSON
  /// The layer's object in the config as saved.
  public var pointer: JSONPointer
  /// How many models called as layers are around it; 0 for a direct layer of the model.
  public var nesting: Int
  /// Every model around it stands first in a Sequential.
  public var isFirstInSequentials: Bool
  /// From the outermost to the innermost.
  public var wrappers: [Wrapper]
  /// A model, called as a layer, that is itself inside a TimeDistributed stands around this layer.
  public var isInTimeDistributedModel: Bool
  /// The layer, or a model or wrapper around it, is called more than once.
  public var isShared: Bool

  /// The `TimeDistributed` that holds exactly this layer.
  public var timeDistributed: Wrapper? { wrappers.last.flatMap { $0.className == "TimeDistributed" ? $0 : nil } }
  public var bidirectional: Wrapper? { wrappers.last.flatMap { $0.className == "Bidirectional" ? $0 : nil } }

  /// The penalty on what the layer puts out, or the factors of an `ActivityRegularization` layer; `nil` if there is none.
  public var activityPenalty: ActivityPenalty? {
    if className == "ActivityRegularization" {
      return ActivityPenalty(l1: config["l1"]?.doubleValue ?? 0, l2: config["l2"]?.doubleValue ?? 0, isLayer: true)
    }
    guard let regularizer = config["activity_regularizer"], !regularizer.isNull else { return nil }
    let factors = regularizer["config"]
    return ActivityPenalty(
      l1: factors?["l1"]?.doubleValue ?? 0, l2: factors?["l2"]?.doubleValue ?? 0, isLayer: false,
      custom: ["L1L2", "L1", "L2"].contains(regularizer["class_name"]?.stringValue) ? JSON?.none : regularizer)
  }
}

/// The factors of a penalty on activations.
public struct ActivityPenalty: Sendable, Hashable {
  public var l1: Double
  public var l2: Double
  /// It is an `ActivityRegularization` layer, whose input is its output.
  public var isLayer: Bool
  /// A regularizer of another class.
  public var custom: JSON?

  /// The penalty of a tensor `symbol` in formula: `0.01·Σ|out| + 0.02·Σout²`.
  public func formula(_ symbol: String) -> String {
    if let custom { return "\(custom["class_name"]?.stringValue ?? "regularizer")(\(symbol))" }
    var terms: [String] = []
    if l1 != 0 { terms.append("\(Self.short(l1))·Σ|\(symbol)|") }
    if l2 != 0 { terms.append("\(Self.short(l2))·Σ\(symbol)²") }
    return terms.isEmpty ? "0" : terms.joined(separator: " + ")
  }

  public var isZero: Bool { custom == nil && l1 == 0 && l2 == 0 }

  /// A factor without the noise of its float32 storage: 0.02 instead of 0.019999999552965164.
  static func short(_ value: Double) -> String {
    let single = Float(value)
    return Double(single) == value ? single.description : value.description
  }
}
