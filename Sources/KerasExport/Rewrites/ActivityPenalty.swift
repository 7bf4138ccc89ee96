import KerasCore
import KerasModel

/// Puts every activity penalty on the tensor, and with the factor, that the saving release used.
///
/// Keras 3.14 and later and tf.keras 2.15 penalise a layer's output and divide by the batch size; Keras 3 ignores the
/// regularizer of a SimpleRNN and of a layer inside TimeDistributed. Older releases summed over the batch (1.0.7 to 2.3.1), forgot the penalties of nested
/// models (1.2.0 to 2.0.2) or computed them on the layer's inputs (2.0.3 to 2.1.3).
enum ActivityPenalty: LayerRewrite {
  private enum Place { case inside, before, after, nowhere }

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    if layer.className == "ActivityRegularization" {
      let factor = factorOfBatch(&context)
      guard tensor(&context) != .dropped else {
        context.note(.rewritten, "the release added no penalty here: its factors are written as 0")
        chain.layer.fields["l1"] = 0.0
        chain.layer.fields["l2"] = 0.0
        return
      }
      for key in ["l1", "l2"] {
        if let value = layer.fields[key]?.doubleValue { chain.layer.fields[key] = .number(value * factor) }
      }
      return
    }
    let isWrapper = ["TimeDistributed", "Bidirectional"].contains(layer.className)
    let owner = isWrapper ? layer.fields["layer"]?["config"]?.objectValue ?? [:] : layer.fields
    guard let regularizer = owner["activity_regularizer"], !regularizer.isNull else { return }
    var (place, factor) = position(of: layer, context)
    guard factor != 0 else { return }
    switch tensor(&context) {
    case .output: break
    case .input:
      place = .before
      context.note(
        .rewritten,
        "\(context.semantics.name) computed the activity penalty on the layer's input: written as an ActivityRegularization before it"
      )
    case .dropped: place = .nowhere
    }
    if place == .nowhere {
      context.note(.rewritten, "\(context.semantics.name) added no activity penalty here: written without one")
    }
    factor *= factorOfBatch(&context)
    let penalty = Penalty.scaled(regularizer, by: factor)
    setRegularizer(of: &chain.layer, to: place == .inside ? penalty : .null)
    guard place == .before || place == .after else { return }
    let (l1, l2) = try Penalty.factors(penalty, context)
    let name = layer.name + "_activity"
    if place == .before {
      chain.before.insert(Penalty.layer(name, l1: l1, l2: l2), at: 0)
    } else {
      guard layer.fields["return_state"]?.boolValue != true, layer.fields["merge_mode"] != .some(.null) else {
        throw context.refusal(
          "the activity regularizer", "\(context.target.name) ignores it here, and the layer has several outputs")
      }
      chain.after.append(Penalty.layer(name, l1: l1, l2: l2))
      context.note(.rewritten, "the activity penalty is an ActivityRegularization after the layer")
    }
  }

  /// Where an output's penalty goes, and the factor of the release beside the batch size; 0 if nothing is to be done.
  private static func position(of layer: LayerConfig, _ context: RewriteContext) -> (Place, Double) {
    let semantics = context.semantics
    let isAsSaved = context.options.activitySemantics == .asSaved
    let target = context.target.semantics
    let isForgottenShare = isAsSaved && semantics.dropsSharedWrapperActivity && layer.nodes.count > 1
    switch layer.className {
    case "TimeDistributed":
      if isForgottenShare { return (.nowhere, 1) }
      if semantics.timeDistributedActivity == target.timeDistributedActivity {
        return (.inside, target.timeDistributedActivity == .dropped ? 0 : 1)
      }
      switch semantics.timeDistributedActivity {
      case .whole: return (.after, 1)
      case .doubledForFixedBatch: return (.after, isAsSaved && context.hasFixedBatch ? 2 : 1)
      case .perStep:
        guard let steps = context.inputShape.flatMap({ $0.rank > 1 ? $0[1] : nil }), steps > 0 else {
          return (.after, 1)
        }
        return (.after, 1 / Double(steps))
      case .dropped: return isAsSaved ? (.nowhere, 1) : (.after, 1)
      }
    case "Bidirectional":
      if isForgottenShare { return (.nowhere, 1) }
      switch semantics.bidirectionalActivity {
      case .merged: return (.after, 1)
      case .eachDirection: return (.inside, 1)
      case .dropped: return (isAsSaved ? .nowhere : .after, 1)
      }
    default:
      let isIgnored = semantics.activityIgnoredBy.contains(layer.className)
      if target.activityIgnoredBy.contains(layer.className) { return isIgnored ? (.inside, 0) : (.after, 1) }
      return isIgnored && isAsSaved ? (.nowhere, 1) : (.inside, 1)
    }
  }

  private static func tensor(_ context: inout RewriteContext) -> TrainingSemantics.ActivityTensor {
    guard context.nesting > 0 else { return .output }
    let saved = context.isFirstNested ? context.semantics.firstNestedActivity : context.semantics.nestedActivity
    guard context.options.activitySemantics == .intended, saved != .output else {
      return context.isInTimeDistributedModel && context.semantics.activityReduction == .sum ? .dropped : saved
    }
    context.note(
      .warning,
      "written with the intended activity penalty on its output, which \(context.semantics.name) did not compute")
    return .output
  }

  /// What makes up for the division by the batch size that Keras 3.14 introduced.
  private static func factorOfBatch(_ context: inout RewriteContext) -> Double {
    guard context.semantics.activityReduction == .sum else { return 1 }
    guard let batchSize = context.options.batchSize else {
      context.note(
        .warning,
        "\(context.semantics.name) summed activity penalties over the batch, \(context.target.dividingBatch) by its size: "
          + "give the batch size of training to keep their strength")
      return 1
    }
    context.note(
      .rewritten,
      "activity penalties are multiplied by the batch size \(batchSize), by which \(context.target.dividingBatch)")
    return Double(batchSize)
  }

  private static func setRegularizer(of layer: inout LayerConfig, to regularizer: JSON) {
    if layer.fields["activity_regularizer"] != nil { layer.fields["activity_regularizer"] = regularizer }
    for field in ["layer", "backward_layer"] {
      guard var inner = layer.fields[field], var config = inner["config"],
        config["activity_regularizer"] != nil
      else { continue }
      config["activity_regularizer"] = regularizer
      inner["config"] = config
      layer.fields[field] = inner
    }
  }
}
