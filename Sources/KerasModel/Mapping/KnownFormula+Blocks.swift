import KerasCore

extension KnownFormula {
  /// Multi-head attention of `q` over `v` with the variables of Keras' layer, under names ending in `suffix`.
  ///
  /// `shown` are the (query, key) pairs that count, as floats or None.
  private static func attention(_ q: String, _ v: String, _ suffix: String, width: String, shown: String) -> String {
    let (w, b) = ("W\(suffix)", "b\(suffix)")
    func heads(_ x: String, _ part: String) -> String {
      "K.permute_dimensions(tf.tensordot(\(x), \(w)\(part), 1) + \(b)\(part), (0, 2, 1, 3))"
    }
    return """
      qh = \(heads(q, "q")); kh = \(heads(v, "k")); vh = \(heads(v, "v"));
      e = qh @ K.permute_dimensions(kh, (0, 1, 3, 2)) / \(width) ** 0.5;
      e = e if \(shown) is None else e - 1000000000.0 * (1.0 - \(shown));
      y = K.permute_dimensions(K.softmax(e) @ vh, (0, 2, 1, 3)); y = tf.tensordot(y, \(w)o, 2) + \(b)o
      """
  }

  /// The variables of `attention` in Keras' order.
  private static func variables(
    _ suffix: String, holder: String, heads: String, width: String, size: String, input: String = "x"
  ) -> Variables {
    var list: Variables = []
    for (part, name) in [("q", "query"), ("k", "key"), ("v", "value")] {
      list.append(("\(holder)/\(name)_dense/W\(suffix)\(part)", "(\(size), \(heads), \(width))"))
      list.append(("\(holder)/\(name)_dense/b\(suffix)\(part)", "(\(heads), \(width))"))
    }
    list.append(("\(holder)/output_dense/W\(suffix)o", "(\(heads), \(width), \(size))"))
    list.append(("\(holder)/output_dense/b\(suffix)o", "(\(size),)"))
    return list
  }

  private static func norm(_ x: String, _ index: Int, epsilon: Double) -> String {
    """
    m = K.mean(\(x), axis=-1, keepdims=True); s = K.mean(K.square(\(x) - m), axis=-1, keepdims=True);
    y = (\(x) - m) / K.sqrt(s + \(epsilon)) * gamma\(index) + beta\(index)
    """
  }

  private static func normVariables(_ holder: String, _ index: Int, size: String) -> Variables {
    [("\(holder)/gamma\(index)", "(\(size),)"), ("\(holder)/beta\(index)", "(\(size),)")]
  }

  private static func dense(_ holder: String, _ index: Int, _ from: String, _ to: String) -> Variables {
    [("\(holder)/W\(index)", "(\(from), \(to))"), ("\(holder)/b\(index)", "(\(to),)")]
  }

  /// Whether arrays are stored with heads of their own, as Keras' layer has them.
  private static let hasHeads: @Sendable ([[Int]]) -> Bool = { $0.isEmpty || ($0.first?.count ?? 0) == 3 }

  /// `x` through attention and two dense layers, normalised after each sum.
  private static func encoder(shown: String, width: String, epsilon: Double) -> String {
    attention("x", "x", "", width: width, shown: shown) + "; h = x + y;" + norm("h", 1, epsilon: epsilon)
      + "; h = y; f = K.relu(h @ W1 + b1) @ W2 + b2; f = h + f;" + norm("f", 2, epsilon: epsilon) + "; y"
  }

  /// An assignment of the (query, key) pairs that a mask leaves; since 2.10 Keras' layer leaves out masked queries too.
  private static func shown(_ name: String, _ isAutomatic: Bool) -> String {
    let pairs = "K.expand_dims(K.expand_dims(K.cast(mask, 'float32'), 1), 1)"
    let queries = isAutomatic ? " * K.expand_dims(K.expand_dims(K.cast(mask, 'float32'), 1), 3)" : ""
    return "\(name) = None if mask is None else \(pairs)\(queries);"
  }

  private static func encoder(isAutomatic: Bool) -> KnownFormula {
    KnownFormula(
      names: ["TransformerEncoder"], field: "dense_dim", fits: hasHeads,
      before: isAutomatic ? nil : KerasVersion(2, 10, 0),
      expression: shown("shown", isAutomatic) + encoder(shown: "shown", width: "$embed_dim", epsilon: 1e-3),
      weights: variables("", holder: "attention", heads: "$num_heads", width: "$embed_dim", size: "$embed_dim")
        + dense("dense_proj/layers/dense", 1, "$embed_dim", "$dense_dim")
        + dense("dense_proj/layers/dense_1", 2, "$dense_dim", "$embed_dim")
        + normVariables("layernorm_1", 1, size: "$embed_dim") + normVariables("layernorm_2", 2, size: "$embed_dim"))
  }

  private static func decoder(isAutomatic: Bool) -> KnownFormula {
    KnownFormula(
      names: ["TransformerDecoder"], field: "dense_dim", fits: hasHeads,
      before: isAutomatic ? nil : KerasVersion(2, 10, 0),
      expression: """
        memory = encoder_outputs; t = K.cast(K.arange(0, K.shape(x)[1]), 'float32'); past = K.cast(K.expand_dims(t) >= t, 'float32');
        """ + shown("self", isAutomatic)
          + "self = past if mask is None or not \(isAutomatic ? "True" : "False") else self * past;"
          + attention("x", "x", "s", width: "$embed_dim", shown: "self") + "; h = x + y;"
          + norm("h", 1, epsilon: 1e-3) + "; h = y; own = None if mask is None else "
          + "K.expand_dims(K.expand_dims(K.cast(mask, 'float32'), 1), 1) * past;"
          + attention("h", "memory", "c", width: "$embed_dim", shown: "own") + "; h = h + y;"
          + norm("h", 2, epsilon: 1e-3) + "; h = y; f = K.relu(h @ W1 + b1) @ W2 + b2; f = h + f;"
          + norm("f", 3, epsilon: 1e-3) + "; y",
      weights: variables("s", holder: "attention_1", heads: "$num_heads", width: "$embed_dim", size: "$embed_dim")
        + variables("c", holder: "attention_2", heads: "$num_heads", width: "$embed_dim", size: "$embed_dim")
        + dense("dense_proj/layers/dense", 1, "$embed_dim", "$dense_dim")
        + dense("dense_proj/layers/dense_1", 2, "$dense_dim", "$embed_dim")
        + normVariables("layernorm_1", 1, size: "$embed_dim") + normVariables("layernorm_2", 2, size: "$embed_dim")
        + normVariables("layernorm_3", 3, size: "$embed_dim"), passesMask: true)
  }

  static let blocks: [KnownFormula] = [
    // keras.io, text_classification_with_transformer.py.
    KnownFormula(
      names: ["TransformerBlock"], field: "ff_dim", fits: hasHeads,
      expression: "none = None;" + encoder(shown: "none", width: "$embed_dim", epsilon: 1e-6),
      weights: variables("", holder: "att", heads: "$num_heads", width: "$embed_dim", size: "$embed_dim")
        + dense("ffn/layers/dense", 1, "$embed_dim", "$ff_dim")
        + dense("ffn/layers/dense_1", 2, "$ff_dim", "$embed_dim")
        + normVariables("layernorm1", 1, size: "$embed_dim") + normVariables("layernorm2", 2, size: "$embed_dim")),
    // The same of 2020, with an attention layer of its own.
    KnownFormula(
      names: ["TransformerBlock"], field: "ff_dim", fits: { $0.count == 16 && $0[0].count == 2 },
      expression: """
        d = $embed_dim // $num_heads;
        heads = lambda h: K.permute_dimensions(
        K.reshape(h, (K.shape(h)[0], K.shape(x)[1], $num_heads, d)), (0, 2, 1, 3));
        q = heads(x @ Wq + bq); k = heads(x @ Wk + bk); v = heads(x @ Wv + bv);
        e = q @ K.permute_dimensions(k, (0, 1, 3, 2)) / d ** 0.5; y = K.permute_dimensions(K.softmax(e) @ v, (0, 2, 1, 3));
        y = K.reshape(y, (K.shape(x)[0], K.shape(x)[1], $embed_dim)) @ Wo + bo; h = x + y;
        """ + norm("h", 1, epsilon: 1e-6) + "; h = y; f = K.relu(h @ W1 + b1) @ W2 + b2; f = h + f;"
          + norm("f", 2, epsilon: 1e-6) + "; y",
      weights: ["q", "k", "v", "o"].flatMap { part in
        [(name: "W" + part, shape: "($embed_dim, $embed_dim)"), (name: "b" + part, shape: "$embed_dim")]
      } + [("W1", "($embed_dim, $ff_dim)"), ("b1", "$ff_dim"), ("W2", "($ff_dim, $embed_dim)"), ("b2", "$embed_dim")]
        + ["gamma1", "beta1", "gamma2", "beta2"].map { (name: $0, shape: "$embed_dim") }),
    KnownFormula(
      names: ["TokenAndPositionEmbedding"], field: "maxlen",
      expression: """
        K.gather(tokens, K.cast(x, 'int32')) + K.gather(places, K.arange(0, K.shape(x)[1]))
        """,
      weights: [
        ("token_emb/tokens", "($vocab_size, $embed_dim)"), ("pos_emb/places", "($maxlen, $embed_dim)"),
      ]),
    // fchollet/deep-learning-with-python-notebooks, second edition, chapter 11.
    KnownFormula(
      names: ["PositionalEmbedding"], field: "sequence_length",
      expression: """
        K.gather(tokens, K.cast(x, 'int32')) + K.gather(places, K.arange(0, K.shape(x)[1]))
        """,
      weights: [
        ("token_embeddings/tokens", "($input_dim, $output_dim)"),
        ("position_embeddings/places", "($sequence_length, $output_dim)"),
      ], masks: "K.not_equal(x, 0)"),
    encoder(isAutomatic: false), encoder(isAutomatic: true), decoder(isAutomatic: false), decoder(isAutomatic: true),
    // keras.io, image_classification_with_vision_transformer.py.
    KnownFormula(
      names: ["Patches"], field: "patch_size",
      expression: """
        p = $patch_size; y = keras.ops.extract_patches(x, (p, p), (p, p), 1, 'valid');
        K.reshape(y, (K.shape(x)[0], -1, y.shape[-1]))
        """),
    KnownFormula(
      names: ["PatchEncoder"], field: "num_patches",
      expression: "x @ W + b + K.gather(places, K.arange(0, $num_patches))",
      weights: [
        ("projection/W", "stored"), ("projection/b", "stored"),
        ("position_embedding/places", "stored"),
      ]),
  ]
}
