extension KnownFormula {
  static let generative: [KnownFormula] = [
    // keras.io, variational_autoencoder.py, and its many copies.
    KnownFormula(
      names: ["Sampling", "SamplingLayer", "GaussianSampling", "Sampler"],
      expression: """
        ok = len(x) == 2 or unsupported('sampling from anything but a mean and the logarithm of a variance');
        a + K.exp(0.5 * b) * K.random_normal(K.shape(a))
        """, caution: "It draws random numbers at inference too: every run gives others."),
    // Forward the input itself, backward its gradient with the sign changed.
    KnownFormula(
      names: ["GradientReversal", "GradientReversalLayer", "GradReverse", "FlipGradient"],
      field: "hp_lambda", expression: "K.stop_gradient((1 + $hp_lambda) * x) - $hp_lambda * x"),
    // XifengGuo/CapsNet-Keras, capsulelayers.py.
    KnownFormula(
      names: ["CapsuleLayer"], field: "dim_capsule",
      expression: """
        u = K.squeeze(W @ K.expand_dims(K.expand_dims(x, 1)), -1);
        squash = lambda s: K.sum(K.square(s), -1, keepdims=True) / (1 + K.sum(K.square(s), -1, keepdims=True))
        / K.sqrt(K.sum(K.square(s), -1, keepdims=True) + K.epsilon()) * s;
        out = lambda b: squash(K.sum(K.expand_dims(K.softmax(b, 1)) * u, axis=2));
        step = lambda b, i: b + K.sum(K.expand_dims(out(b), 2) * u, axis=3);
        out(fold(step, K.zeros_like(u[:, :, :, 0]), $routings - 1))
        """,
      weights: [("W", "($num_capsule, x.shape[1], $dim_capsule, x.shape[2])")]),
    // Improved techniques for training GANs, as Keras 1's contributed layer had it.
    KnownFormula(
      names: ["MinibatchDiscrimination"], field: "kernel_dim",
      expression: """
        h = tf.tensordot(x, W, [[1], [1]]); d = K.abs(K.expand_dims(h, 1) - K.expand_dims(h, 0));
        K.concatenate([x, K.sum(K.exp(-K.sum(d, axis=3)), axis=1)], axis=1)
        """, weights: [("W", "($nb_kernels, x.shape[1], $kernel_dim)")]),
    // PetraVidnerova/rbf_keras, rbflayer.py; and the one of the Kaggle kernels, with one gamma.
    KnownFormula(
      names: ["RBFLayer"], field: "output_dim",
      expression: "K.exp(-betas * K.sum(K.square(centers - K.expand_dims(x, 1)), axis=2))",
      weights: [("centers", "($output_dim, x.shape[1])"), ("betas", "$output_dim")]),
    KnownFormula(
      names: ["RBFLayer"], field: "gamma",
      expression: "K.exp(-$gamma * K.sum(K.square(K.expand_dims(x) - mu), axis=1))",
      weights: [("mu", "(x.shape[1], $units)")]),
    // keras.io, antirectifier.py, and keras/examples/antirectifier.py before it.
    KnownFormula(
      names: ["Antirectifier"], fits: { $0.count <= 1 },
      expression: """
        n = K.l2_normalize(x - K.mean(x, axis=1 if kernel is None else -1, keepdims=True), axis=1 if kernel is None else -1);
        y = K.concatenate([K.relu(n), K.relu(-n)], axis=1 if kernel is None else -1); y if kernel is None else y @ kernel
        """, weights: [("kernel", "(2 * x.shape[-1], x.shape[-1]) if $initializer is not None else None")],
      defaults: ["initializer": nil]),
    KnownFormula(names: ["StochasticDepth"], field: "drop_prop", expression: "x"),
    KnownFormula(names: ["StochasticDepth"], field: "drop_prob", expression: "x"),
  ]
}
