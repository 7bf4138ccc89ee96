import KerasCore

/// What a verdict of a diagnosis means in general: when it is said, how the cause is found, what to do.
///
/// The verdict itself says it of one layer, with its numbers.
public struct VerdictStory: Sendable {
  /// The verdict's id: `activity-before`.
  public var id: String
  public var severity: Severity
  public var title: String
  public var explanation: String
  public var fix: String

  init(_ id: String, _ severity: Severity, _ title: String, _ explanation: String, fix: String) {
    (self.id, self.severity, self.title) = (id, severity, title)
    (self.explanation, self.fix) = (explanation, fix)
  }

  /// The story of that id.
  public static func story(_ id: String) -> VerdictStory? { all.first { $0.id == id } }

  /// All, in the order in which layers are asked, then those about the model as a whole.
  public static let all: [VerdictStory] = range + others

  private static let saturated = VerdictText.percent(DiagnosisThresholds.saturatedShare)
  private static let large = NumberText.short(DiagnosisThresholds.largeRMS, digits: 3)
  /// What leads to a verdict about range, in words.
  private static let extreme = """
    A layer is extreme if \(saturated) or more of its outputs lie where its activation is flat, or its numbers before the \
    activation have a root mean square of \(large) or more. The cause is found by removing each in turn and computing again.
    """

  private static let range: [VerdictStory] = [
    VerdictStory(
      "bias-drives", .warning, "The bias makes the numbers large",
      "\(extreme) Here it is the bias: without it the layer is not extreme any more. Kernel regularizers do not see biases.",
      fix: "A bias regularizer on the layer: --add-regularizer 'LAYER: bias=l2(…)'."),
    VerdictStory(
      "kernel-drives", .warning, "Large weights make the numbers large",
      """
      \(extreme) Here it is the kernel: with a norm of 1 for each unit's weights, as initializers give them, the layer is \
      not extreme any more.
      """,
      fix: "A kernel regularizer on the layer: it punishes just these weights."),
    VerdictStory(
      "inputs-unscaled", .warning, "The model's own input is large",
      """
      \(extreme) Here it is the data: with a root mean square of 1 it would not be. No regularizer changes what a model is \
      given.
      """,
      fix: "Scale the data as in training, or put a Rescaling or Normalization before the layer."),
    VerdictStory(
      "activity-before", .warning, "The layer before puts out large numbers",
      """
      \(extreme) Here the weights are small, and the inputs, which another layer makes, are large: with a root mean square \
      of 1 the layer would not be extreme. A kernel regularizer has nothing to punish, which is what an activity \
      regularizer is for.
      """,
      fix: "An activity regularizer on the layer before, which makes its outputs, and so these inputs, smaller."),
    VerdictStory(
      "no-lever", .warning, "Small weights and inputs add up, and no penalty helps",
      """
      \(extreme) Neither weights nor inputs nor biases are large: many small terms of one sign add up. An activity \
      regularizer here would push the outputs towards 0, where this activation is flat as well.
      """,
      fix: "A BatchNormalization before the activation, or inputs that are centred."),
    VerdictStory(
      "activity", .warning, "Small weights and inputs add up",
      """
      \(extreme) Neither weights nor inputs nor biases are large alone: many small terms of one sign add up. A kernel \
      regularizer has nothing to punish.
      """,
      fix: "An activity regularizer on the layer, which punishes what it puts out."),
    VerdictStory(
      "gates-saturated", .note, "Gates of a recurrent layer are open or shut for good",
      """
      \(saturated) or more of a gate's values in LSTM or GRU lie at its ends. Gates may do so by right, to remember; an \
      activity regularizer does not reach them, as it sees the layer's output only.
      """,
      fix: "Where training stands still: kernel and recurrent regularizers for large weights, smaller inputs otherwise."
    ),
  ]

  private static let others: [VerdictStory] = [
    VerdictStory(
      "weights-not-finite", .error, "Weights are infinite or NaN",
      "Some of the layer's arrays hold numbers that are none. Whatever is computed with them is lost.",
      fix: "Go back to weights from before; no regularizer mends them."),
    VerdictStory(
      "outputs-not-finite", .error, "Outputs are infinite or NaN",
      "The layers before it give finite numbers and the layer does not: an overflow, a division by 0 or a logarithm of 0.",
      fix: "Look at its inputs and weights; a lower learning rate or gradient clipping keeps training from coming here."
    ),
    VerdictStory(
      "dead-units", .warning, "Units that give one number for every sample",
      """
      \(VerdictText.percent(DiagnosisThresholds.deadShare)) or more of the layer's units are the same for all samples, of \
      which there are at least \(DiagnosisThresholds.fewestSamples). A relu that is 0 for all passes no gradient, so that \
      training never reaches it again.
      """,
      fix: "A lower learning rate, a new initialisation, leaky_relu, or fewer units; no regularizer brings them back."),
    VerdictStory(
      "penalty-dominates", .warning, "Regularizers make up most of the loss",
      """
      The layer's penalties are \(VerdictText.percent(DiagnosisThresholds.largePenaltyShare)) of the loss or more, by the \
      meaning that they had in the release that saved the file: training serves them rather than the data.
      """,
      fix: "Weaken them with --add-regularizer, or take them out with --remove-regularizer."),
    VerdictStory(
      "gradient-vanishes", .warning, "The gradient vanishes on its way to the first layers",
      """
      The gradient at the outputs of the first layer with weights is less than \
      1/\(NumberText.short(DiagnosisThresholds.gradientRatio, digits: 3)) of that at the last one: the first layers hardly learn.
      """,
      fix: "Mend saturated layers on the way; else shortcuts, normalisation or another activation."),
    VerdictStory(
      "gradient-explodes", .warning, "The gradient grows on its way to the first layers",
      """
      The gradient at the outputs of the first layer with weights is more than \
      \(NumberText.short(DiagnosisThresholds.gradientRatio, digits: 3)) times that at the last one.
      """,
      fix: "Clip it (clipnorm), lower the learning rate; a kernel regularizer where weights are large."),
    VerdictStory(
      "nothing-needed", .note, "Nothing is saturated, large or dead",
      "No layer is extreme by the bounds above on the data given. That is a word about ranges, not about how well it learns.",
      fix: "Nothing."),
  ]
}

/// Numbers of thresholds in texts.
private enum VerdictText {
  static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
