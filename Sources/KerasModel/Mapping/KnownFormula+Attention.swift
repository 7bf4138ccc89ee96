extension KnownFormula {
  /// Fields of Keras' own attention layers, every one of which says whether it scales or is causal.
  private static let stock = ["use_scale", "causal", "dropout", "score_mode", "step_dim", "attention_dim"]

  /// Attention as public notebooks have it, told apart by fields and by the variables' shapes.
  static let scores: [KnownFormula] = [
    // The layer of many tutorials (Machine Learning Mastery): softmax over time of tanh(x·W + b), one b for each step.
    KnownFormula(
      names: ["attention", "Attention", "AttentionLayer", "attention_layer"], lacks: stock,
      fits: { $0.count == 2 && $0.allSatisfy { $0.count == 2 && $0[1] == 1 } },
      expression: """
        e = K.softmax(K.squeeze(K.tanh(x @ W + b), -1)); y = x * K.expand_dims(e);
        y if $return_sequences else K.sum(y, axis=1)
        """,
      weights: [("W", "(x.shape[-1], 1)"), ("b", "(x.shape[1], 1)")], defaults: ["return_sequences": false]),
    // thushv89/attention_keras: a decoder's steps over an encoder's.
    KnownFormula(
      names: ["AttentionLayer", "Attention", "attention"], lacks: stock,
      fits: { $0.count == 3 && $0.allSatisfy { $0.count == 2 } && $0[2][1] == 1 && $0[0][0] == $0[0][1] },
      expression: """
        e = K.tanh(K.expand_dims(a @ W, 1) + K.expand_dims(b @ U, 2)) @ V; w = K.softmax(K.squeeze(e, -1)); [w @ a, w]
        """,
      weights: [
        ("W", "(a.shape[-1], a.shape[-1])"), ("U", "(b.shape[-1], a.shape[-1])"), ("V", "(a.shape[-1], 1)"),
      ]),
    // richliao's hierarchical attention, from before its config had the size.
    KnownFormula(
      names: ["AttLayer"], lacks: ["attention_dim"],
      fits: { $0.count == 3 && $0[0].count == 2 && $0[1].count == 1 && $0[2].count == 2 },
      expression: """
        e = K.exp(K.squeeze(K.tanh(x @ W + b) @ u, -1)); e = e if mask is None else e * K.cast(mask, 'float32');
        K.sum(x * K.expand_dims(e / (K.sum(e, axis=1, keepdims=True) + K.epsilon())), axis=1)
        """, weights: [("W", "stored"), ("b", "stored"), ("u", "stored")]),
    // bfelbo/DeepMoji, attlayer.py.
    KnownFormula(
      names: ["AttentionWeightedAverage"],
      expression: """
        s = K.squeeze(x @ W, -1); e = K.exp(s - K.max(s, axis=-1, keepdims=True));
        e = e if mask is None else e * K.cast(mask, 'float32'); w = e / (K.sum(e, axis=1, keepdims=True) + K.epsilon());
        y = K.sum(x * K.expand_dims(w), axis=1); [y, w] if $return_attention else y
        """, weights: [("W", "(x.shape[-1], 1)")], defaults: ["return_attention": false]),
    // keras-self-attention 0.51, seq_weighted_attention.py.
    KnownFormula(
      names: ["SeqWeightedAttention"],
      expression: """
        s = x @ W; s = K.squeeze(s if b is None else s + b, -1);
        s = s if mask is None else s - 10000.0 * (1.0 - K.cast(mask, 'float32'));
        e = K.exp(s - K.max(s, axis=-1, keepdims=True)); w = e / (K.sum(e, axis=1, keepdims=True) + K.epsilon());
        y = K.sum(x * K.expand_dims(w), axis=1); [y, w] if $return_attention else y
        """,
      weights: [("W", "(x.shape[-1], 1)"), ("b", "1 if $use_bias else None")],
      defaults: ["use_bias": true, "return_attention": false]),
    // keras-bert 0.89, layers.
    KnownFormula(names: ["Extract"], field: "index", expression: "x[:, $index]"),
    KnownFormula(
      names: ["Masked"], field: "return_masked",
      expression: """
        m = K.not_equal(b, 0); m = m if mask is None else m & mask; [a, K.cast(m, 'float32')] if $return_masked else a
        """, masks: "m"),
    KnownFormula(
      names: ["MaskedGlobalMaxPool1D"],
      expression: """
        K.max(x if mask is None else x - K.expand_dims((1.0 - K.cast(mask, 'float32')) * 1000000.0), axis=-2)
        """),
    KnownFormula(
      names: ["TaskEmbedding"], field: "output_dim",
      expression: """
        t = K.cast(b, 'int32'); zero = K.zeros_like(table[:1]) if $mask_zero else None;
        a + K.gather(table if zero is None else K.concatenate([zero, table], axis=0), t)
        """,
      weights: [("table", "($input_dim, $output_dim)")], defaults: ["mask_zero": false], passesMask: true),
    // keras-layer-normalization 0.16 (CyberZHG): over the last axis; Keras' own config has the axis.
    KnownFormula(
      names: ["LayerNormalization"], field: "epsilon", lacks: ["axis"],
      expression: """
        m = K.mean(x, axis=-1, keepdims=True); v = K.mean(K.square(x - m), axis=-1, keepdims=True);
        y = (x - m) / K.sqrt(v + ($epsilon or K.epsilon() ** 2)); y = y if gamma is None else y * gamma;
        y if beta is None else y + beta
        """,
      weights: [
        ("gamma", "x.shape[-1] if $scale else None"), ("beta", "x.shape[-1] if $center else None"),
      ], defaults: ["scale": true, "center": true], passesMask: true),
  ]
}
