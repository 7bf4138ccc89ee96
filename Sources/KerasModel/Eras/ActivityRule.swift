import KerasCore

/// Where a layer with an activity regularizer stands, as far as any release's treatment depends on it.
public struct ActivityPlace: Sendable, Hashable {
  public enum Holder: Sendable, Hashable {
    case none, timeDistributed, bidirectional
    /// A model that a TimeDistributed holds.
    case timeDistributedModel
  }

  public var className: String
  /// Models called as layers around it; 0 for a direct layer of the outer model.
  public var nesting: Int
  /// Every such model stands first in a Sequential.
  public var isFirstInSequentials: Bool
  public var holder: Holder
  /// The model's batch size is fixed in its config.
  public var hasFixedBatch: Bool
  /// The layer is called more than once.
  public var isShared: Bool

  public init(
    className: String, nesting: Int = 0, isFirstInSequentials: Bool = false, holder: Holder = .none,
    hasFixedBatch: Bool = false, isShared: Bool = false
  ) {
    self.className = className
    self.nesting = nesting
    self.isFirstInSequentials = isFirstInSequentials
    self.holder = holder
    self.hasFixedBatch = hasFixedBatch
    self.isShared = isShared
  }
}

/// What a release makes of an activity regularizer at a place: which tensor counts, how often, divided by what.
public struct ActivityRule: Sendable, Hashable {
  public enum Tensor: Sendable, Hashable {
    /// What the layer puts out; inside a Bidirectional each direction by itself.
    case output
    case input
    /// What a Bidirectional puts out, once for both directions.
    case merged
  }
  public enum Divisor: Sendable, Hashable {
    case none
    /// The size of the model's batch.
    case batch
    /// Axis 0 of the penalised tensor: the batch size, inside a TimeDistributed times the number of steps.
    case rows
  }

  public var tensor: Tensor
  public var factor: Double
  public var divisor: Divisor
}

extension ActivityRecord {
  /// Where the layer stands; `isShared` as the other records tell.
  public func place(isShared: Bool) -> ActivityPlace {
    let holder: ActivityPlace.Holder =
      wrappers.contains(.bidirectional)
      ? .bidirectional
      : !wrappers.contains(.timeDistributed)
        ? .none
        // A layer of a model inside the wrapper has no wrapper's output noted.
        : wrapperOutputs.isEmpty ? .timeDistributedModel : .timeDistributed
    return ActivityPlace(
      className: className, nesting: nesting, isFirstInSequentials: nestedFirstInSequential, holder: holder,
      hasFixedBatch: hasFixedBatch, isShared: isShared)
  }
}

extension TrainingSemantics {
  /// What is penalised at a place; `nil` if nothing is.
  ///
  /// Measured on the original releases from 0.3.3 to 3.15: Keras 2.0.3 to 2.1.3 penalised the inputs of layers inside a
  /// model called as a layer, 1.2.0 to 2.0.2 nothing there; wrappers, divisors and exceptions as in the properties.
  public func activityRule(at place: ActivityPlace) -> ActivityRule? {
    if activityIgnoredBy.contains(place.className) { return nil }
    if dropsSharedWrapperActivity, place.isShared, place.holder != .none { return nil }
    let tensor = tensor(at: place)
    guard tensor != .dropped else { return nil }
    var rule = ActivityRule(
      tensor: tensor == .input ? .input : .output, factor: 1, divisor: activityReduction == .sum ? .none : .rows)
    switch place.holder {
    case .none: break
    case .bidirectional:
      switch bidirectionalActivity {
      case .dropped: return nil
      case .eachDirection: break
      case .merged: if rule.tensor == .output { rule.tensor = .merged }
      }
    case .timeDistributed:
      switch timeDistributedActivity {
      case .dropped: return nil
      case .whole, .perStep: break
      case .doubledForFixedBatch: if place.hasFixedBatch, place.nesting == 0 { rule.factor = 2 }
      }
    case .timeDistributedModel:
      switch timeDistributedActivity {
      case .whole, .doubledForFixedBatch: return nil
      case .perStep: rule.factor = 2
      case .dropped:
        // Keras 3 drops a wrapped layer's penalty, and adds a wrapped model's at each step.
        guard penalizesEvaluation else { return nil }
        if activityReduction == .perSample { rule.divisor = .batch }
      }
    }
    return rule
  }

  private func tensor(at place: ActivityPlace) -> ActivityTensor {
    // A model inside a TimeDistributed is not one called as a layer.
    guard place.nesting > 0, place.holder != .timeDistributedModel else { return .output }
    return place.isFirstInSequentials ? firstNestedActivity : nestedActivity
  }

  /// These choices as far as activity regularizers go, for comparing releases.
  public var activityOnly: TrainingSemantics {
    var semantics = TrainingSemantics()
    semantics.nestedActivity = nestedActivity
    semantics.firstNestedActivity = firstNestedActivity
    semantics.activityReduction = activityReduction
    semantics.timeDistributedActivity = timeDistributedActivity
    semantics.bidirectionalActivity = bidirectionalActivity
    semantics.activityIgnoredBy = activityIgnoredBy
    semantics.dropsSharedWrapperActivity = dropsSharedWrapperActivity
    semantics.penalizesEvaluation = penalizesEvaluation
    return semantics
  }
}
