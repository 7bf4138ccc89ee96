import KerasCore

extension KnownFormula {
  /// keras-contrib, keras_contrib/layers.
  static let contrib: [KnownFormula] = [
    KnownFormula(
      names: ["SineReLU"], expression: "K.maximum(x, $epsilon * (K.sin(x) - K.cos(x)))", defaults: ["epsilon": 0.0025],
      passesMask: true),
    // The factor is a variable where it is trained.
    KnownFormula(
      names: ["Swish"], field: "beta",
      expression: "f = $beta if factor is None else factor; x * K.sigmoid(f * x)",
      weights: [("factor", "() if $trainable else None")], defaults: ["trainable": false], passesMask: true),
    KnownFormula(
      names: ["PELU"], field: "alpha_initializer",
      expression: "K.relu(x) * alpha / beta + alpha * (K.exp(-K.relu(-x) / beta) - 1)",
      weights: [("alpha", "stored"), ("beta", "stored")], passesMask: true),
    KnownFormula(
      names: ["SReLU"], field: "t_left_initializer",
      expression: """
        t = tLeft + K.abs(tRight); y = K.switch(x < tLeft, tLeft + aLeft * (x - tLeft), x);
        K.switch(x >= t, t + aRight * (x - t), y)
        """,
      weights: [("tLeft", "stored"), ("aLeft", "stored"), ("tRight", "stored"), ("aRight", "stored")],
      passesMask: true),
    // Reshapes before it moves the channels, so that a group is a run of rows; Keras has a class of the name since 2.11.
    KnownFormula(
      names: ["GroupNormalization"], field: "groups", before: KerasVersion(2, 11, 0),
      expression: """
        last = $axis == -1 or $axis == len(x.shape) - 1; n = x.shape[$axis] // $groups;
        ok = $axis == 1 or last or unsupported('GroupNormalization along an axis in the middle');
        shape = (1, $groups, 1, n) if last else (1, $groups, n, 1);
        h = K.reshape(x, (K.shape(x)[0], $groups, -1, n) if last else (K.shape(x)[0], $groups, n, -1));
        m = K.mean(h, axis=[2, 3], keepdims=True); v = K.mean(K.square(h - m), axis=[2, 3], keepdims=True);
        y = (h - m) / K.sqrt(v + $epsilon); y = y if gamma is None else y * K.reshape(gamma, shape);
        y = y if beta is None else y + K.reshape(beta, shape); K.reshape(y, K.shape(x))
        """,
      weights: [("gamma", "x.shape[$axis] if $scale else None"), ("beta", "x.shape[$axis] if $center else None")],
      defaults: ["axis": -1, "epsilon": 1e-5, "scale": true, "center": true], passesMask: true),
    KnownFormula(
      names: ["CosineConvolution2D", "CosineConv2D"], field: "kernel_size",
      expression: """
        x = x if $data_format != 'channels_first' else unsupported('CosineConvolution2D with channels first');
        p = $padding; bias = 0.0 if b is None else K.square(b); one = 0.0 if b is None else 1.0;
        size = K.sqrt(K.sum(K.square(W), axis=[0, 1, 2]) + bias + K.epsilon());
        norm = K.conv2d(K.square(x), K.ones_like(W[:, :, :, :1]), strides=$strides, padding=p);
        norm = K.sqrt(norm + one + K.epsilon());
        y = K.conv2d(x, W / size, strides=$strides, padding=p) / norm;
        $activation(y if b is None else y + b / size / norm)
        """,
      weights: [
        ("W", "($kernel_size[0], $kernel_size[1], x.shape[-1], $filters)"), ("b", "$filters if $use_bias else None"),
      ],
      defaults: [
        "strides": [1, 1], "padding": "valid", "use_bias": true, "activation": nil, "data_format": "channels_last",
      ]),
    // Routing starts anew from what the last outputs agree with.
    KnownFormula(
      names: ["Capsule"], field: "num_capsule",
      expression: """
        n = $num_capsule; d = $dim_capsule; u = K.squeeze(K.expand_dims(x, 2) @ W, 2);
        u = K.reshape(u, (K.shape(u)[0], K.shape(x)[1], n, d)); u = K.permute_dimensions(u, (0, 2, 1, 3));
        out = lambda b: K.sum(K.expand_dims(K.softmax(b, 1)) * u, axis=2);
        step = lambda b, i: K.sum(K.expand_dims(K.l2_normalize(out(b), -1), 2) * u, axis=3);
        o = out(fold(step, K.zeros_like(u[:, :, :, 0]), $routings - 1)); s = K.sum(K.square(o), -1, keepdims=True);
        s = s + K.epsilon(); o * K.sqrt(s) / (0.5 + s) if $activation == 'squash' else $activation(o)
        """,
      weights: [
        ("W", "(1 if $share_weights else x.shape[-2], x.shape[-1], $num_capsule * $dim_capsule)")
      ], defaults: ["routings": 3, "share_weights": true, "activation": nil]),
    // Statistics of training; at inference those that it gathered, whatever it corrected by.
    KnownFormula(
      names: ["BatchRenormalization"], field: "r_max_value",
      expression: """
        s = [1] * len(x.shape[:$axis] if $axis >= 0 else x.shape[:-1]) + [x.shape[$axis]];
        s = s + [1] * (len(x.shape) - len(s)); y = (x - K.reshape(mean, s)) / K.sqrt(K.reshape(variance, s) + $epsilon);
        y = y if gamma is None else y * K.reshape(gamma, s); y if beta is None else y + K.reshape(beta, s)
        """,
      weights: [
        ("gamma", "x.shape[$axis] if $scale else None"), ("beta", "x.shape[$axis] if $center else None"),
        ("mean", "x.shape[$axis]"), ("variance", "x.shape[$axis]"),
      ], defaults: ["axis": -1, "epsilon": 1e-3, "scale": true, "center": true], passesMask: true),
  ]

  /// tensorflow-addons 0.23, tensorflow_addons/layers.
  static let addons: [KnownFormula] = [
    KnownFormula(
      names: ["Addons>Maxout"],
      expression: """
        a = $axis if $axis >= 0 else $axis + len(x.shape);
        s = [K.shape(x)[0]] + x.shape[1:a] + [x.shape[a] // $num_units, $num_units] + x.shape[a + 1:];
        K.max(K.reshape(x, s), axis=a)
        """, defaults: ["axis": -1]),
    KnownFormula(
      names: ["Addons>PolynomialCrossing"],
      expression: """
        y = b @ K if $projection_dim is None else b @ U @ V; y = y + $diag_scale * b; y = a * y + b;
        y if bias is None else y + bias
        """,
      weights: [
        ("K", "(b.shape[-1], b.shape[-1]) if $projection_dim is None else None"),
        ("U", "None if $projection_dim is None else (b.shape[-1], $projection_dim)"),
        ("V", "None if $projection_dim is None else ($projection_dim, b.shape[-1])"),
        ("bias", "b.shape[-1] if $use_bias else None"),
      ], defaults: ["projection_dim": nil, "diag_scale": 0.0, "use_bias": true]),
    KnownFormula(
      names: ["Addons>TLU"],
      expression: "K.maximum(x, tau if alpha is None else tau + alpha * x)",
      weights: [("tau", "x.shape[1:]"), ("alpha", "x.shape[1:] if $affine else None")], defaults: ["affine": false]),
    KnownFormula(
      names: ["Addons>FilterResponseNormalization"],
      expression: """
        v = K.mean(K.square(x), axis=$axis, keepdims=True); e = $epsilon if eps is None else K.abs(eps);
        y = x / K.sqrt(v + e); y = y if gamma is None else gamma * y; y if beta is None else y + beta
        """,
      weights: [
        ("eps", "1 if $learned_epsilon else None"), ("gamma", "[1] * (len(x.shape) - 1) + [x.shape[-1]]"),
        ("beta", "[1] * (len(x.shape) - 1) + [x.shape[-1]]"),
      ], defaults: ["axis": [1, 2], "epsilon": 1e-6, "learned_epsilon": false]),
    // With its noise as it was saved.
    KnownFormula(
      names: ["Addons>NoisyDense"],
      expression: """
        y = x @ (mu + sigma * noise); y = y if muBias is None else y + muBias + sigmaBias * noiseBias; $activation(y)
        """,
      weights: [
        ("sigma", "(x.shape[-1], $units)"), ("mu", "(x.shape[-1], $units)"),
        ("sigmaBias", "$units if $use_bias else None"), ("muBias", "$units if $use_bias else None"),
        ("noise", "(x.shape[-1], $units)"), ("noiseBias", "$units if $use_bias else None"),
      ], defaults: ["use_bias": true, "activation": nil]),
    KnownFormula(
      names: ["Addons>StochasticDepth"], expression: "a + $survival_probability * b",
      defaults: ["survival_probability": 0.5]),
    KnownFormula(
      names: ["Addons>GELU"], expression: "K.gelu(x, approximate=$approximate)", defaults: ["approximate": true]),
    // Keras 3's function of the name computes something else.
    KnownFormula(
      names: ["Addons>Sparsemax", "Sparsemax"],
      expression: """
        x = x if $axis == -1 or $axis == len(x.shape) - 1 else unsupported('Sparsemax along an axis before the last');
        """ + KnownActivations.sparsemax, defaults: ["axis": -1]),
    KnownFormula(
      names: ["Addons>Snake"],
      expression: "x + (1 - K.cos(2 * frequency * x)) / (2 * frequency)", weights: [("frequency", "()")]),
    KnownFormula(
      names: ["Addons>MultiHeadAttention", "MultiHeadAttention"], field: "head_size",
      expression: """
        q = x[0]; k = x[1]; v = x[2] if len(x) > 2 else k; heads = lambda h, w: K.expand_dims(h, 1) @ w;
        q = heads(q, Wq) / $head_size ** 0.5; k = heads(k, Wk); v = heads(v, Wv);
        w = K.softmax(q @ K.permute_dimensions(k, (0, 1, 3, 2))); y = K.sum((w @ v) @ Wo, axis=1);
        y = y if bo is None else y + bo; [y, w] if $return_attn_coef else y
        """,
      weights: [
        ("Wq", "($num_heads, x[0].shape[-1], $head_size)"), ("Wk", "($num_heads, x[1].shape[-1], $head_size)"),
        ("Wv", "($num_heads, x[2 if len(x) > 2 else 1].shape[-1], $head_size)"),
        (
          "Wo", "($num_heads, $head_size, $output_size or x[2 if len(x) > 2 else 1].shape[-1])"
        ),
        ("bo", "($output_size or x[2 if len(x) > 2 else 1].shape[-1]) if $use_projection_bias else None"),
      ], defaults: ["output_size": nil, "use_projection_bias": true, "return_attn_coef": false]),
  ]
}
