extension KnownFormula {
  static let rows: [KnownFormula] =
    addons + contrib + images + attention + transformers + others + scores + blocks + vision + detection + sequences
    + generative

  private static let images: [KnownFormula] = [
    // Image-to-image models (pix2pix, style transfer): tf.pad with REFLECT; the order of unequal sizes differs by author.
    KnownFormula(
      names: ["ReflectionPadding2D", "ReflectPadding2D", "ReflectionPad2d"],
      expression: """
        p = ($padding, $padding) if isinstance($padding, int) else $padding;
        n = p[0] if p[0] == p[1] else unsupported('reflection padding of unequal sizes, whose order authors differ in');
        tf.pad(x, [[0, 0], [n, n], [n, n], [0, 0]], 'REFLECT')
        """, defaults: ["padding": [1, 1]]),
    // faceswap, lib/model/layers.py, and the repositories it took it from.
    KnownFormula(
      names: ["PixelShuffler"], field: "size",
      expression: """
        r = $size[0] if $size[0] == $size[1] else unsupported('pixels shuffled by unequal sizes'); s = x.shape;
        tf.depth_to_space(x, r) if $data_format != 'channels_first' else
        K.reshape(K.permute_dimensions(K.reshape(x, (-1, r, r, s[1] // (r * r), s[2], s[3])), (0, 3, 4, 1, 5, 2)),
        (-1, s[1] // (r * r), s[2] * r, s[3] * r))
        """, defaults: ["data_format": "channels_last"]),
    KnownFormula(
      names: ["PixelShuffle"], field: "upscale_factor", expression: "tf.depth_to_space(x, $upscale_factor)"),
    // keras-contrib, layers/convolutional/subpixelupscaling.py.
    KnownFormula(
      names: ["SubPixelUpscaling"], field: "scale_factor",
      expression: """
        tf.depth_to_space(x, $scale_factor) if $data_format != 'channels_first' else
        unsupported('SubPixelUpscaling with channels first')
        """,
      defaults: ["data_format": "channels_last"]),
    KnownFormula(names: ["DepthToSpace"], field: "block_size", expression: "tf.depth_to_space(x, $block_size)"),
    KnownFormula(names: ["SpaceToDepth"], field: "block_size", expression: "tf.space_to_depth(x, $block_size)"),
    // Progressive growing of GANs in Keras: ε = 1e-8.
    KnownFormula(
      names: ["PixelNormalization", "PixelNorm"],
      expression: "x / K.sqrt(K.mean(x ** 2, axis=-1, keepdims=True) + 1e-8)"),
    KnownFormula(
      names: ["MinibatchStdev", "MinibatchStdDev"],
      expression: """
        m = K.mean(x, axis=0, keepdims=True); v = K.mean(K.square(x - m), axis=0, keepdims=True) + 1e-8;
        K.concatenate([x, K.zeros_like(x[..., :1]) + K.mean(K.sqrt(v), keepdims=True)], axis=-1)
        """),
    KnownFormula(
      names: ["WeightedSum"], expression: "(1 - alpha) * a + alpha * b", weights: [("alpha", "()")]),
    // keras/src/applications of 3.15.1: convnext.py and inception_resnet_v2.py.
    KnownFormula(
      names: ["LayerScale"], field: "projection_dim", expression: "x * gamma",
      weights: [("gamma", "($projection_dim,)")]),
    KnownFormula(names: ["CustomScaleLayer"], field: "scale", expression: "a + b * $scale"),
  ]

  /// Pooling over time by learned weights; masked steps have none, and ε = 1e-7 stands beside the sum.
  private static func pooling(_ scores: String) -> String {
    scores + """
      ; e = K.exp(s); e = e if mask is None else e * K.cast(mask, 'float32');
      w = e / (K.sum(e, axis=1, keepdims=True) + 1e-7); K.sum(x * K.expand_dims(w), axis=1)
      """
  }

  private static let attention: [KnownFormula] = [
    // cbaziotis' gist AttentionWithContext.
    KnownFormula(
      names: ["AttentionWithContext"],
      expression: pooling(
        "h = x @ W; h = K.tanh(h if bias is None else h + bias); s = K.squeeze(h @ K.expand_dims(u), -1)"),
      weights: [
        ("W", "(x.shape[-1], x.shape[-1])"), ("bias", "x.shape[-1] if $bias else None"), ("u", "x.shape[-1]"),
      ], defaults: ["bias": true]),
    // qqhann's Attention of the Kaggle kernels on toxic comments and insincere questions.
    KnownFormula(
      names: ["Attention"], field: "step_dim",
      expression: pooling(
        "h = K.squeeze(x @ K.expand_dims(W), -1); s = K.tanh(h if bias is None else h + bias)"),
      weights: [("W", "x.shape[-1]"), ("bias", "x.shape[1] if $bias else None")], defaults: ["bias": true]),
    // richliao/textClassifier, the hierarchical attention network.
    KnownFormula(
      names: ["AttLayer", "AttentionLayer"], field: "attention_dim",
      expression: pooling("s = K.squeeze(K.tanh(x @ W + bias) @ u, -1)"),
      weights: [("W", "(x.shape[-1], $attention_dim)"), ("bias", "$attention_dim"), ("u", "($attention_dim, 1)")]),
  ]

  private static let transformers: [KnownFormula] = [
    // keras-self-attention 0.51 (CyberZHG), seq_self_attention.py.
    KnownFormula(
      names: ["SeqSelfAttention"], field: "attention_type",
      expression: """
        isSum = $attention_type == 'additive';
        h = K.expand_dims(x @ Wt, 2) + K.expand_dims(x @ Wx, 1) if isSum else x @ Wa;
        h = h if bh is None else h + bh;
        e = K.squeeze(K.tanh(h) @ Wa, -1) if isSum else K.batch_dot(h, K.permute_dimensions(x, (0, 2, 1)));
        e = e if ba is None else e + ba; e = e if $attention_activation is None else $attention_activation(e);
        n = $attention_width if $attention_width is not None or not $history_only else 1000000000;
        t = K.arange(0, K.shape(x)[1]);
        first = None if n is None else K.expand_dims(t - (n - 1 if $history_only else n // 2));
        end = None if n is None else K.expand_dims(t + (1 if $history_only else n - n // 2));
        near = None if n is None else K.cast(first <= t, 'float32') * K.cast(t < end, 'float32');
        e = e if n is None else e - 10000.0 * (1.0 - near);
        away = None if mask is None else 1.0 - K.expand_dims(K.cast(mask, 'float32'));
        e = e if mask is None else e - 10000.0 * (away * K.permute_dimensions(away, (0, 2, 1)));
        w = K.softmax(e); y = K.batch_dot(w, x); [y, w] if $return_attention else y
        """,
      weights: [
        ("Wt", "(x.shape[-1], $units) if $attention_type == 'additive' else None"),
        ("Wx", "(x.shape[-1], $units) if $attention_type == 'additive' else None"),
        ("bh", "$units if $attention_type == 'additive' and $use_additive_bias else None"),
        ("Wa", "($units, 1) if $attention_type == 'additive' else (x.shape[-1], x.shape[-1])"),
        ("ba", "1 if $use_attention_bias else None"),
      ],
      defaults: [
        "units": 32, "attention_width": nil, "return_attention": false, "history_only": false,
        "use_additive_bias": true, "use_attention_bias": true, "attention_activation": nil,
      ], passesMask: true),
    // keras-self-attention 0.51, scaled_dot_attention.py; of one input.
    KnownFormula(
      names: ["ScaledDotProductAttention"], field: "return_attention",
      expression: """
        q = x[0] if isinstance(x, list) else x; k = x[1] if isinstance(x, list) else x;
        v = x[2] if isinstance(x, list) else x; e = K.batch_dot(q, k, axes=2) / q.shape[-1] ** 0.5;
        e = unsupported('ScaledDotProductAttention of the past only') if $history_only else e;
        e = e if mask is None else e - 10000.0 * (1.0 - K.cast(K.expand_dims(mask, -2), 'float32'));
        w = K.softmax(e); y = K.batch_dot(w, v); [y, w] if $return_attention else y
        """, defaults: ["history_only": false], passesMask: true),
    // keras-multi-head 0.29 (CyberZHG), multi_head_attention.py: the activation follows all four products.
    KnownFormula(
      names: ["MultiHeadAttention"], field: "head_num",
      expression: """
        several = isinstance(x, list); q = x[0] if several else x; k = x[1] if several else x; v = x[2] if several else x;
        q = q @ Wq; k = k @ Wk; v = v @ Wv; d = q.shape[-1] // $head_num;
        q = q if bq is None else q + bq; k = k if bk is None else k + bk; v = v if bv is None else v + bv;
        q = $activation(q); k = $activation(k); v = $activation(v);
        q = K.permute_dimensions(K.reshape(q, (K.shape(q)[0], K.shape(q)[1], $head_num, d)), (0, 2, 1, 3));
        k = K.permute_dimensions(K.reshape(k, (K.shape(k)[0], K.shape(k)[1], $head_num, d)), (0, 2, 3, 1));
        v = K.permute_dimensions(K.reshape(v, (K.shape(v)[0], K.shape(v)[1], $head_num, d)), (0, 2, 1, 3));
        e = q @ k / d ** 0.5; t = K.cast(K.arange(0, K.shape(e)[2]), 'float32') if $history_only else None;
        e = e - 10000.0 * K.cast(t > K.expand_dims(t), 'float32') if $history_only else e;
        e = e if mask is None else
        e - 10000.0 * (1.0 - K.cast(K.expand_dims(K.expand_dims(mask, 1), 1), 'float32'));
        y = K.permute_dimensions(K.softmax(e) @ v, (0, 2, 1, 3));
        y = K.reshape(y, (K.shape(y)[0], K.shape(y)[1], d * $head_num)) @ Wo; y = y if bo is None else y + bo;
        $activation(y)
        """,
      weights: ["q", "k", "v", "o"].enumerated().flatMap { index, letter in
        let own = "(x[\(index == 3 ? 2 : index)] if isinstance(x, list) else x).shape[-1]"
        let width = "(x[2] if isinstance(x, list) else x).shape[-1]"
        return [
          (name: "W" + letter, shape: "(\(own), \(width))"),
          (name: "b" + letter, shape: "\(width) if $use_bias else None"),
        ]
      }, defaults: ["use_bias": true, "activation": "relu", "history_only": false], passesMask: true),
    // keras-position-wise-feed-forward (CyberZHG); its gelu is that of keras-transformer and keras-bert.
    KnownFormula(
      names: ["FeedForward"], field: "units",
      expression: """
        h = x @ W1; h = h if b1 is None else h + b1; h = $activation(h) if $activation != 'gelu' else
        0.5 * h * (1 + K.tanh((2 / np.pi) ** 0.5 * (h + 0.044715 * h ** 3)));
        y = h @ W2; y if b2 is None else y + b2
        """,
      weights: [
        ("W1", "(x.shape[-1], $units)"), ("b1", "$units if $use_bias else None"), ("W2", "($units, x.shape[-1])"),
        ("b2", "x.shape[-1] if $use_bias else None"),
      ], defaults: ["use_bias": true, "activation": "relu"], passesMask: true),
    // keras-embed-sim 0.10 and keras-bert (CyberZHG): inputs are features and the table of embeddings.
    KnownFormula(
      names: ["EmbeddingSim", "EmbeddingSimilarity"],
      expression: "y = a @ K.transpose(b); K.softmax(y if bias is None else y + bias)",
      weights: [("bias", "x[1].shape[0] if $use_bias else None")], defaults: ["use_bias": true], passesMask: true),
    // An Embedding that puts its table out too.
    KnownFormula(
      names: ["EmbeddingRet", "TokenEmbedding"], field: "input_dim",
      expression: """
        [K.gather(embeddings, K.cast(x, 'int32')), embeddings]
        """,
      weights: [("embeddings", "($input_dim, $output_dim)")], defaults: ["mask_zero": false],
      masks: "[K.not_equal(x, 0), None] if $mask_zero else [None, None]"),
    // keras-pos-embd 0.13 (CyberZHG), pos_embd.py and trig_pos_embd.py.
    KnownFormula(
      names: ["PositionEmbedding"], field: "mode",
      expression: """
        place = K.cast(K.clip(x, -$input_dim, $input_dim) + $input_dim, 'int32') if $mode == 'expand' else
        K.arange(0, K.shape(x)[1]); p = K.gather(embeddings, place);
        p if $mode == 'expand' else x + p if $mode == 'add' else
        K.concatenate([x, K.zeros_like(x[..., :1]) + p], axis=-1)
        """,
      weights: [
        ("embeddings", "(2 * $input_dim + 1 if $mode == 'expand' else $input_dim, $output_dim)")
      ], passesMask: true),
    KnownFormula(
      names: ["TrigPosEmbedding"], field: "mode",
      expression: """
        n = x.shape[-1] if $mode == 'add' else $output_dim;
        place = K.cast(x, 'float32') if $mode == 'expand' else K.cast(K.arange(0, K.shape(x)[1]), 'float32');
        rates = 10000.0 ** (-2.0 * K.cast(K.arange(0, n // 2), 'float32') / n);
        angles = K.expand_dims(place, -1) * rates; p = K.stack([K.sin(angles), K.cos(angles)], axis=-1);
        p = K.reshape(p, (K.shape(x)[0], K.shape(x)[1], n)) if $mode == 'expand' else
        K.reshape(p, (K.shape(x)[1], n)); p if $mode == 'expand' else x + p if $mode == 'add' else
        K.concatenate([x, K.zeros_like(x[..., :1]) + p], axis=-1)
        """, defaults: ["output_dim": nil], passesMask: true),
  ]

  private static let others: [KnownFormula] = [
    // XifengGuo/CapsNet-Keras, capsulelayers.py.
    KnownFormula(names: ["Length"], expression: "K.sqrt(K.sum(K.square(x), -1) + K.epsilon())"),
    // Keeps the capsule that a one-hot input names, or else the longest one.
    KnownFormula(
      names: ["Mask"],
      expression: """
        several = isinstance(x, list); capsules = x[0] if several else x;
        kept = x[1] if several else K.one_hot(
        K.argmax(K.sqrt(K.sum(K.square(capsules), -1)), 1), capsules.shape[1]);
        K.batch_flatten(capsules * K.expand_dims(kept, -1))
        """),
    // Plain functions as layers.
    KnownFormula(
      names: ["Hswish", "HSwish", "HardSwish", "H_swish", "h_swish", "hswish"],
      expression: "x * K.relu(x + 3, max_value=6) / 6"),
    KnownFormula(names: ["Hsigmoid", "HSigmoid", "HardSigmoid"], expression: "K.relu(x + 3, max_value=6) / 6"),
    KnownFormula(names: ["Relu6", "ReLU6"], expression: "K.relu(x, max_value=6)"),
    KnownFormula(names: ["Gelu", "GELU"], expression: "0.5 * x * (1 + tf.math.erf(x / 2 ** 0.5))"),
  ]
}
