import KerasCore

/// What two models, of any releases, differ in, in the terms of Keras 3.
public struct ModelDiff: Sendable {
  /// What a difference changes.
  public enum Effect: String, Sendable, Hashable, Comparable {
    /// Nothing that is computed: names, spelling, seeds, how fresh weights would be drawn.
    case note
    /// What training does: penalties, dropout, the optimizer.
    case training
    /// What the model predicts.
    case inference

    private var rank: Int { self == .note ? 0 : self == .training ? 1 : 2 }
    public static func < (a: Effect, b: Effect) -> Bool { a.rank < b.rank }
  }

  /// A field that the two say differently; `nil` where one does not have it.
  public struct Field: Sendable, Hashable {
    /// Keras 3's name, with those of inner objects before it: `layer.units`.
    public var name: String
    public var a: JSON?
    public var b: JSON?
    public var effect: Effect
    /// How the file itself says it where that is another name or value: `W_regularizer = …`.
    public var savedInA: String?
    public var savedInB: String?
  }

  /// A variable, or an array of the optimizer's state.
  public struct Weight: Sendable, Hashable {
    /// The name below the layer: `kernel`, `forward_layer/cell/kernel`.
    public var name: String
    public var shapeA: [Int]?
    public var shapeB: [Int]?
    /// `nil` where one of the two does not have it.
    public var relation: ArrayRelation?

    /// Whether it is the other's with units in another order that all layers behind follow.
    public var isReorderedConsistently = false

    public var isSame: Bool { relation?.isSame ?? false }
  }

  /// A layer of either model, or of both.
  public struct Layer: Sendable, Hashable {
    /// Names from the outer model on, `encoder/dense_1`; `nil` where the model does not have the layer.
    public var pathA: String?
    public var pathB: String?
    public var className: String
    /// Whether it stands at another place among the matched layers.
    public var isReordered = false
    public var fields: [Field] = []
    /// The calls' inputs in A's names, where they differ.
    public var connections: Field?
    public var weights: [Weight] = []

    public var isRenamed: Bool { pathA != nil && pathB != nil && pathA != pathB }
    /// The gravest of its differences; `nil` if there are none.
    public var effect: Effect? {
      var effects = fields.map(\.effect)
      if pathA == nil || pathB == nil || connections != nil
        || weights.contains(where: { !$0.isSame && !$0.isReorderedConsistently })
      {
        effects.append(.inference)
      }
      if weights.contains(where: { !$0.isSame && $0.isReorderedConsistently }) { effects.append(.note) }
      if isRenamed || isReordered { effects.append(.note) }
      return effects.max()
    }
  }

  public var fileA: String
  public var fileB: String
  public var layers: [Layer]
  /// Differences of the models themselves: class, inputs, outputs.
  public var model: [Field]
  /// Differences of loss, metrics and optimizer.
  public var compile: [Field]
  /// Arrays of the optimizer's state that both files hold.
  public var optimizerState: [Weight]
  /// Layers whose units stand in another order.
  public var reorderings: [UnitReordering] = []
  /// What could not be compared, and why.
  public var incomparable: [String]

  /// The gravest difference; `nil` if there are none at all.
  public var effect: Effect? {
    let state: [Effect] = optimizerState.contains { !$0.isSame } ? [.training] : []
    return (layers.compactMap(\.effect) + (model + compile).map(\.effect) + state).max()
  }

  /// Whether all that was compared predicts and trains alike.
  public var isSame: Bool { (effect ?? .note) == .note }
}
