import KerasCore

/// Old field names and the Keras 3 fields that hold the same.
enum FieldRenames {
  struct Row: Sendable {
    /// The old fields; several are gathered into one list.
    var old: [String]
    var new: [String]
    /// Canonical classes the row is for; all if empty.
    var classes: Set<String> = []
    var through = Era.Dialect.keras1
  }

  /// The row for an old field of a class; rows for a class come before rows for all.
  static func row(for key: String, className: String, dialect: Era.Dialect) -> Row? {
    guard let rows = table[key] else { return nil }
    let fitting = rows.filter { dialect <= $0.through }
    return fitting.first { $0.classes.contains(className) } ?? fitting.first { $0.classes.isEmpty }
  }

  private static let table: [String: [Row]] = {
    var table: [String: [Row]] = [:]
    for row in rows {
      for old in row.old { table[old, default: []].append(row) }
    }
    return table
  }()

  static var allRows: [Row] { rows }

  private static func row(
    _ old: String, _ new: String..., classes: Set<String> = [], through: Era.Dialect = .keras1
  ) -> Row {
    Row(old: [old], new: new, classes: classes, through: through)
  }

  private static let rows: [Row] = [
    row("output_dim", "output_dim", classes: ["Embedding"]),
    row("output_dim", "units"),
    row("nb_filter", "filters"),
    row("filter_length", "kernel_size"),
    Row(old: ["nb_row", "nb_col"], new: ["kernel_size"]),
    Row(old: ["kernel_dim1", "kernel_dim2", "kernel_dim3"], new: ["kernel_size"]),
    row("subsample", "strides"),
    row("subsample_length", "strides"),
    row("atrous_rate", "dilation_rate"),
    row("pool_length", "pool_size"),
    row("poolsize", "pool_size"),
    row("stride", "strides"),
    row("ignore_border", "padding"),
    row("border_mode", "padding"),
    row("dim_ordering", "data_format"),
    row("bias", "use_bias"),
    row("init", "embeddings_initializer", classes: ["Embedding"]),
    row("dropout", "keraskit>row_dropout", classes: ["Embedding"]),
    row("init", "alpha_initializer", classes: ["PReLU"]),
    row("init", "depthwise_initializer", "pointwise_initializer", classes: ["SeparableConv2D", "SeparableConv1D"]),
    row("init", "kernel_initializer"),
    row("inner_init", "recurrent_initializer"),
    row("forget_bias_init", "unit_forget_bias"),
    row("inner_activation", "recurrent_activation"),
    row("W_regularizer", "embeddings_regularizer", classes: ["Embedding"]),
    row("W_regularizer", "kernel_regularizer", through: .keras2),
    row("U_regularizer", "recurrent_regularizer", through: .keras2),
    row("b_regularizer", "bias_regularizer", through: .keras2),
    row("weight_regularizer", "kernel_regularizer", through: .keras2),
    row("W_constraint", "embeddings_constraint", classes: ["Embedding"]),
    row("W_constraint", "kernel_constraint", through: .keras2),
    row("U_constraint", "recurrent_constraint", through: .keras2),
    row("b_constraint", "bias_constraint", through: .keras2),
    row("dropout_W", "dropout"),
    row("dropout_U", "recurrent_dropout"),
    row("p", "rate"),
    row("sigma", "stddev"),
    row("length", "size", classes: ["UpSampling1D"]),
    row("pad", "padding"),
    row("dims", "target_shape", classes: ["Reshape"]),
    row("gamma_init", "gamma_initializer", classes: ["BatchNormalization"]),
    row("beta_init", "beta_initializer", classes: ["BatchNormalization"]),
    row("t_left_init", "t_left_initializer", classes: ["SReLU"]),
    row("a_left_init", "a_left_initializer", classes: ["SReLU"]),
    row("t_right_init", "t_right_initializer", classes: ["SReLU"]),
    row("a_right_init", "a_right_initializer", classes: ["SReLU"]),
    // Keras 2 kept Keras 1's names in the legacy layers MaxoutDense and Highway.
    row("output_dim", "units", classes: ["MaxoutDense"], through: .keras2),
    row("init", "kernel_initializer", classes: ["MaxoutDense", "Highway"], through: .keras2),
    row("bias", "use_bias", classes: ["MaxoutDense", "Highway"], through: .keras2),
    row("causal", "keraskit>causal", classes: ["Attention", "AdditiveAttention"], through: .keras2),
    row("bins", "bin_boundaries", classes: ["Discretization"], through: .keras2),
    row("max_tokens", "num_tokens", classes: ["CategoryEncoding"], through: .keras2),
    row("alpha", "negative_slope", classes: ["LeakyReLU"], through: .keras3),
    row("theta", "threshold", classes: ["ReLU"], through: .keras3),
    row("mode", "keraskit>mode", classes: ["BatchNormalization"]),
    row("time_major", "keraskit>time_major", classes: ["LSTM", "GRU", "SimpleRNN", "RNN"], through: .keras2),
    row("output_shape", "keraskit>output_shape", classes: ["Conv2DTranspose"]),
  ]
}

/// Fields that say nothing in Keras 3, and those that move elsewhere.
enum DroppedFields {
  struct Row: Sendable {
    var key: String
    var classes: Set<String> = []
    /// The only values that lose nothing; any value if empty.
    var harmless: [JSON] = []
    var rule: String
    /// What the reader should know when the field is there.
    var note: String?
  }

  static func row(for key: String, className: String) -> Row? {
    table[key].flatMap { rows in
      rows.first { $0.classes.contains(className) } ?? rows.first { $0.classes.isEmpty }
    }
  }

  private static let table = Dictionary(grouping: rows, by: \.key)

  private static let recurrent: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell", "RNN",
  ]
  private static let transposed: Set<String> = [
    "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D", "DepthwiseConv1D",
    "DepthwiseConv2D",
  ]

  private static func input(_ key: String) -> Row { Row(key: key, rule: "input-layer") }
  private static func training(_ key: String, _ classes: Set<String> = []) -> Row {
    Row(key: key, classes: classes, rule: "training-detail")
  }
  private static func inherited(_ key: String, _ classes: Set<String>) -> Row {
    Row(key: key, classes: classes, rule: "inherited-field")
  }

  private static let rows: [Row] =
    [
      input("batch_input_shape"), input("input_shape"), input("input_length"), input("input_dtype"),
      input("batch_size"),
      Row(key: "input_dim", rule: "input-layer"),
      Row(key: "stack_size", rule: "input-layer"),
      Row(key: "create_input_layer", rule: "input-layer"),
      Row(key: "cache_enabled", rule: "keras-0-field"),
      Row(key: "custom_name", rule: "keras-0-field"),
      Row(key: "weights", rule: "keras-0-field"),
      Row(key: "target", classes: ["Activation"], rule: "keras-0-field"),
      Row(key: "beta", classes: ["Activation"], rule: "keras-0-field"),
      training("truncate_gradient"), training("consume_less"),
      training("implementation", recurrent.union(["ConvLSTM2D", "ConvLSTM1D", "ConvLSTM3D"])),
      training("use_cudnn"), training("fused"), training("adjustment"),
      training("experimental_run_tf_function"), training("dynamic"), training("shared_object_id"),
      Row(key: "time_major", harmless: [false], rule: "time-major"),
      Row(key: "virtual_batch_size", harmless: [nil], rule: "batch-renormalisation"),
      Row(key: "renorm", harmless: [false], rule: "batch-renormalisation"),
      Row(key: "renorm_clipping", rule: "batch-renormalisation"),
      Row(key: "renorm_momentum", rule: "batch-renormalisation"),
      Row(key: "groups", classes: transposed, harmless: [1], rule: "inherited-field"),
      Row(key: "rank", rule: "inherited-field"),
      Row(key: "unroll", classes: ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"], rule: "inherited-field"),
      training("transform_bias", ["Highway"]),
      Row(key: "depth_multiplier", classes: ["Conv2D"], rule: "inherited-field"),
      Row(key: "query_shape", rule: "build-shape"), Row(key: "key_shape", rule: "build-shape"),
      Row(key: "value_shape", rule: "build-shape"),
      Row(key: "dilation_rate", classes: ["Conv3DTranspose"], harmless: [1, [1, 1, 1]], rule: "inherited-field"),
      Row(key: "state_size", rule: "inherited-field"),
      // tf.keras 2.9 to 2.15 in SavedModels: the vocabulary itself is there or among the assets.
      Row(
        key: "has_input_vocabulary", classes: ["StringLookup", "IntegerLookup", "TextVectorization"],
        rule: "inherited-field"),
      Row(
        key: "constants", classes: recurrent.union(["ConvLSTM2D", "Bidirectional"]), harmless: [nil],
        rule: "inherited-field"),
      Row(key: "num_constants", harmless: [nil, 0], rule: "inherited-field"),
      Row(key: "zero_output_for_mask", classes: ["RNN"], rule: "inherited-field"),
      Row(key: "data_format", classes: ["SpatialDropout1D", "UpSampling1D", "Cropping1D"], rule: "inherited-field"),
      Row(
        key: "noise_shape", classes: ["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"],
        rule: "inherited-field"),
    ]
    + ["filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint"].map {
      inherited($0, ["DepthwiseConv1D", "DepthwiseConv2D"])
    }
    + ["kernel_initializer", "kernel_regularizer", "kernel_constraint"].map {
      inherited($0, ["SeparableConv1D", "SeparableConv2D"])
    }

  /// Fields every layer may carry, in any release.
  static let general: Set<String> = [
    "name", "trainable", "dtype", "activity_regularizer", "build_config", "quantization_config", "lora_rank",
    "lora_alpha", "autocast", "sparse", "ragged",
  ]
}

/// What a release took for a field its config leaves out, where Keras 3 takes something else.
enum EraDefaults {
  struct Row: Sendable {
    var field: String
    var classes: Set<String>
    var value: JSON
    var releases: Releases
    var rule: String
  }

  static func row(for field: String, className: String, version: KerasVersion) -> Row? {
    rows.first { $0.field == field && $0.classes.contains(className) && $0.releases.contains(version) }
  }

  private static let rows: [Row] = [
    Row(
      field: "recurrent_activation", classes: ["LSTM", "GRU", "LSTMCell", "GRUCell"], value: "keraskit>hard_sigmoid",
      releases: .before(2, 3, 0), rule: "recurrent-activation-default"),
    Row(
      field: "recurrent_activation", classes: ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "ConvLSTM2DCell"],
      value: "keraskit>hard_sigmoid", releases: .before(3), rule: "recurrent-activation-default"),
    Row(
      field: "activation", classes: ["GRU", "SimpleRNN", "SimpleDeepRNN"], value: "sigmoid", releases: .before(0, 3),
      rule: "rnn-activation-default-0x"),
    Row(
      field: "reset_after", classes: ["GRU", "GRUCell"], value: false, releases: .before(2, 4, kind: .standalone),
      rule: "gru-reset-after-default"),
    Row(
      field: "reset_after", classes: ["GRU", "GRUCell"], value: false, releases: .before(2, 3, kind: .tensorFlow),
      rule: "gru-reset-after-default"),
    Row(
      field: "epsilon", classes: ["BatchNormalization"], value: 1e-6, releases: .before(1, 0, 8),
      rule: "bn-eps/momentum-default"),
    Row(
      field: "epsilon", classes: ["BatchNormalization"], value: 1e-5, releases: .before(1, 2, 0),
      rule: "bn-eps/momentum-default"),
    Row(
      field: "momentum", classes: ["BatchNormalization"], value: 0.9, releases: .before(1, 0, 7),
      rule: "bn-eps/momentum-default"),
    Row(
      field: "kernel_initializer", classes: ["Conv1D"], value: "uniform", releases: .before(1, 1, 0),
      rule: "conv1d-init"),
  ]
}
