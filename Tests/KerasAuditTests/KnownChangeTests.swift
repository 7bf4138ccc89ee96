import KerasKit
import Testing

/// All changes of meaning and hazards that are known between releases: each has its rule, or a reason for having none.
@Suite struct KnownChangeTests {
  private static let known: Set<String> = [
    "accuracy-resolution", "act-reg-batch-scale", "act-reg-bidirectional", "act-reg-losses-not-train-only",
    "act-reg-nested-dropped", "act-reg-on-input", "act-reg-possible-1x-stamp", "act-reg-rejects-weight",
    "act-reg-td-divisor", "act-reg-timedistributed-double", "act-reg-timedistributed-dropped",
    "activation-advanced-object", "adadelta-lr", "adagrad-eps/init", "adam-eps", "alpha-dropout-config", "amsgrad",
    "autoencoder-reconstruction", "avgpool-same-count", "bidirectional-mask-zero", "bidirectional-unroll-mask",
    "binary-xent-clip", "bn-0.1-2-axis", "bn-0.1-lost-stats", "bn-axis-list", "bn-eps/momentum-default",
    "bn-frozen-updates", "bn-mode1", "bn-mode2", "bn-running-std", "bn-running-std-ambiguous", "bn-th-axis",
    "bn-trainable-inference", "bn-unbiased", "bn-zero-debias", "border-mode-full", "categorical-xent-renorm",
    "class-mode", "clipnorm-scope", "concat-axis", "constraint-axis-th", "constraint-eps",
    "consume-less/implementation", "conv-transpose-output", "conv1d-init", "cosine-proximity", "custom-objects",
    "decay", "default-data-format", "dense-after-flatten-th", "depthwise-multiplier-order", "dim-ordering-missing",
    "dot-axes", "dropout-1-p", "dropout-noise-shape-lost", "dropout-not-inverted", "dtype-policy",
    "eigenvalue-regularizer", "elu-selu-version", "embedding-cast", "embedding-dropout", "embedding-mask-zero-lost",
    "epsilon-fuzz", "flatten-data-format", "gaussian-dropout", "global-pool-keepdims", "go_backwards", "groupnorm",
    "gru-reset-after-default", "gru-reset-after-since", "hard-sigmoid-def", "he-glorot-normal-trunc", "input-dtype",
    "l1l2-default-0.01", "label-smoothing", "lambda-code", "layernorm-eps", "leaky-relu-default",
    "loss-mask-normalization", "loss-reduction", "lr-scheduler", "lstm-forget-bias", "mask-dropped-layer",
    "merge-cos-axis", "metric-batchwise", "metric-name-acc", "nadam-schedule", "nadam/adamax-lr",
    "optimizer-iteration-race", "orthogonal-gain", "permute/reshape-order", "pool-ignore-border-false",
    "pool-theano-same", "recurrent-activation-default", "recurrent-dropout", "regularizer-reuse",
    "relu-cap/threshold/elu-alpha", "rmsprop-eps", "rnn-1.2-u-regularizer", "rnn-activation-default-0x",
    "rnn-implementation-0", "rnn-mask-output", "rnn-mask-reset", "rnn-unroll", "same-padding-0.1",
    "same-padding-theano", "sample-weight-normalization", "sec-asset-path", "sec-custom-import", "sec-flax-layer",
    "sec-h5-deep", "sec-h5-external", "sec-h5-shape-bomb", "sec-jax-layer", "sec-json-depth", "sec-json-size",
    "sec-lambda", "sec-pickle", "sec-shard-path", "sec-tfsmlayer", "sec-torch-module", "sec-yaml", "sec-zip-bomb",
    "sec-zip-slip", "separable", "shared-layer-nested-index", "softmax-axis", "softmax-mask", "stateful",
    "stateful-metrics", "temporal-sample-weight", "theano-flip", "theano-flip-unknown", "time-major",
    "timedistributed-mask", "trainable-flag", "unitnorm-axis", "upsampling-interpolation",
    "weight-regularizer-name", "weighted-sum-0x", "zeropadding-4tuple",
  ]

  @Test func eachHasARuleOrAReason() {
    let rules = Set(AuditRegistry.rules.map(\.id))
    let unreported = UnreportedChange.notInFiles + UnreportedChange.unchanged
    let reasons = Set(unreported.map(\.id))
    #expect(rules.isDisjoint(with: reasons))
    #expect(Self.known.subtracting(rules.union(reasons)).isEmpty)
    #expect(reasons.isSubset(of: Self.known))
    for change in unreported { #expect(change.reason.count > 40, "\(change.id)") }
  }
}
