/// Something about old models that one hears of and that no rule reports, with the reason.
///
/// They are listed so that nobody takes a clean report for more than it says.
public struct UnreportedChange: Sendable, Hashable {
  public var id: String
  public var reason: String

  /// Changes that a file does not show.
  public static let notInFiles: [UnreportedChange] = [
    UnreportedChange(
      id: "weighted-sum-0x",
      reason:
        "Keras 0.1 left samples of weight 0 out and divided by the sum of the weights; weights are given to fit and "
        + "its configs do not name the release."),
    UnreportedChange(
      id: "lr-scheduler",
      reason: "LearningRateScheduler calls schedule(epoch, lr) from 2.1.3 on (before: schedule(epoch)), and "
        + "ReduceLROnPlateau's epsilon is min_delta from 2.1.6 on; callbacks are not saved."),
    UnreportedChange(
      id: "epsilon-fuzz",
      reason: "The ε of the backend (1e-7, 1e-9 in 0.1 with float64) stands in the user's keras.json, not in the model."
    ),
    UnreportedChange(
      id: "regularizer-reuse",
      reason:
        "One regularizer object on two layers raised an exception up to 1.1.2, so no model was trained or saved with it."
    ),
    UnreportedChange(
      id: "timedistributed-mask",
      reason:
        "Keras 1 is said to ignore masks inside TimeDistributed, which 2.2 and later hand to the inner layer step by "
        + "step; this was not measured, and is not reported before it is."),
  ]

  /// What means the same in every release that was measured.
  public static let unchanged: [UnreportedChange] = [
    UnreportedChange(
      id: "relu-cap/threshold/elu-alpha",
      reason: "The defaults of ReLU, ThresholdedReLU (theta 1) and ELU (alpha 1) never changed."),
    UnreportedChange(
      id: "layernorm-eps", reason: "LayerNormalization's epsilon is 1e-3 by default wherever it exists."),
    UnreportedChange(id: "groupnorm", reason: "GroupNormalization's epsilon is 1e-3 by default wherever it exists."),
    UnreportedChange(
      id: "depthwise-multiplier-order",
      reason: "The outputs of a depthwise convolution are in the order channel · multiplier + m in every release."),
    UnreportedChange(
      id: "separable",
      reason: "Separable and depthwise kernels are not flipped on Theano; they mean the same on every backend."),
    UnreportedChange(
      id: "permute/reshape-order", reason: "Reshape and Permute count in C order in every release."),
    UnreportedChange(
      id: "gaussian-dropout", reason: "GaussianDropout's deviation is √(p/(1−p)) in every release."),
    UnreportedChange(
      id: "embedding-cast", reason: "Every release truncates indices that are given as floating-point numbers."),
    UnreportedChange(
      id: "input-dtype",
      reason: "Keras 1 saves int32 for the input of an Embedding, later releases float32; the indices are the same."),
  ]
}
