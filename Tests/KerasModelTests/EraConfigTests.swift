import KerasCore
import KerasFile
import Testing

@testable import KerasModel

/// A file that holds only a config, as text the named release wrote.
func upgraded(
  _ text: String, version: String? = nil, backend: String? = nil, training: String? = nil
) throws -> CanonicalModel {
  let source = ModelSource(
    file: "model.h5", format: .hdf5Model, config: try JSON(parsing: text), configContainer: "model_config",
    trainingConfig: try training.map { try JSON(parsing: $0) }, trainingConfigContainer: "training_config",
    versionStamp: version, backend: backend)
  return try EraUpgrade.upgrade(source)
}

extension CanonicalModel {
  func layer(_ name: String) -> JSON? {
    config["config"]?["layers"]?.arrayValue?.first { $0["name"] == .string(name) }
  }

  func field(_ layer: String, _ key: String) -> JSON? { self.layer(layer)?["config"]?[key] }
}

@Suite("Configs of every era become Keras 3's")
struct EraConfigTests {
  /// Written by Keras 1.2.2 (`mlp_kernel_bias_regs`, shortened to two layers' fields).
  private let keras1 = """
    {"class_name": "Sequential", "config": [
      {"class_name": "Convolution2D", "config": {"W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
       "b_constraint": null, "name": "convolution2d_1", "activity_regularizer": {"l2": 0.019999999552965164,
       "name": "L1L2Regularizer", "l1": 0.0}, "trainable": true, "dim_ordering": "th", "nb_col": 2, "subsample": [1, 1],
       "init": "glorot_uniform", "bias": true, "nb_filter": 3, "input_dtype": "float32", "border_mode": "same",
       "batch_input_shape": [null, 2, 5, 4], "b_regularizer": null, "W_regularizer": {"l2": 0.0, "name":
       "L1L2Regularizer", "l1": 0.009999999776482582}, "activation": "hard_sigmoid", "nb_row": 3}},
      {"class_name": "ZeroPadding2D", "config": {"padding": [1, 2], "trainable": true, "name": "zeropadding2d_1"}},
      {"class_name": "Flatten", "config": {"trainable": true, "name": "flatten_1"}}]}
    """

  @Test func `Keras 1's convolution has Keras 3's fields`() throws {
    let model = try upgraded(keras1, version: "1.2.2", backend: "theano")
    #expect(model.layer("convolution2d_1")?["class_name"] == "Conv2D")
    #expect(model.field("convolution2d_1", "filters") == 3)
    #expect(model.field("convolution2d_1", "kernel_size") == [3, 2])
    #expect(model.field("convolution2d_1", "data_format") == "channels_first")
    #expect(model.field("convolution2d_1", "padding") == "keraskit>same_theano")
    #expect(model.field("convolution2d_1", "activation") == "keraskit>hard_sigmoid")
    #expect(model.field("convolution2d_1", "use_bias") == true)
    #expect(model.field("convolution2d_1", "dilation_rate") == [1, 1])
    let regularizer = model.field("convolution2d_1", "kernel_regularizer")
    #expect(regularizer?["class_name"] == "L1L2")
    #expect(regularizer?["config"]?["l1"] == 0.009999999776482582)
    #expect(model.field("convolution2d_1", "activity_regularizer")?["config"]?["l2"] == 0.019999999552965164)
    #expect(model.config["config"]?["layers"]?[0]?["config"]?["batch_shape"] == [nil, 2, 5, 4])
  }

  @Test func `A constraint's axis follows the kernel from Theano's layout`() throws {
    let model = try upgraded(keras1, version: "1.2.2", backend: "theano")
    let constraint = model.field("convolution2d_1", "kernel_constraint")
    // Axis 0 of (out, in, rows, cols) is axis 3 of (rows, cols, in, out).
    #expect(constraint?["config"]?["axis"] == 3)
    #expect(constraint?["config"]?["max_value"] == 2)
  }

  @Test func `A padding layer without dim_ordering takes the convolutions' format, Flatten none`() throws {
    let model = try upgraded(keras1, version: "1.2.2", backend: "theano")
    #expect(model.field("zeropadding2d_1", "data_format") == "channels_first")
    #expect(model.field("zeropadding2d_1", "padding") == [[1, 1], [2, 2]])
    #expect(model.field("flatten_1", "data_format") == "channels_last")
  }

  @Test func `Provenance names the old field, its place and the new one`() throws {
    let model = try upgraded(keras1, version: "1.2.2", backend: "tensorflow")
    let row = try #require(model.provenance.first { $0.oldKey == "W_regularizer" })
    #expect(row.location.pointer?.description == "/config/0/config/W_regularizer")
    #expect(row.newKey == "kernel_regularizer")
    #expect(row.kind == .translated)
    #expect(row.rule == "regularizer-L1L2Regularizer")
    #expect(row.layer == "convolution2d_1")
    let renamed = try #require(model.provenance.first { $0.oldKey == "nb_filter" })
    #expect(renamed.kind == .renamed)
    // Two fields become one list, and each keeps its own place.
    for (key, value) in [("nb_row", 3), ("nb_col", 2)] as [(String, JSON)] {
      let gathered = try #require(model.provenance.first { $0.oldKey == key })
      #expect(gathered.oldValue == value)
      #expect(gathered.newKey == "kernel_size")
      #expect(gathered.location.pointer?.description == "/config/0/config/\(key)")
    }
    #expect(model.provenance.contains { $0.kind == .dropped && $0.oldKey == "input_dtype" })
    #expect(model.provenance.contains { $0.kind == .defaulted && $0.newKey == "data_format" })
    #expect(model.diagnostics.contains { $0.rule == "unknown-config-key" } == false)
  }

  @Test func `Every key nobody knows is reported with its place`() throws {
    let text =
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "input_dim": 3, "W_regularizer": null, "colour": "red"}}]}"#
    let model = try upgraded(text, version: "1.2.2")
    let found = try #require(model.diagnostics.first { $0.rule == "unknown-config-key" })
    #expect(found.location?.pointer?.description == "/config/0/config/colour")
    #expect(found.layer == "d")
  }

  @Test(
    arguments: [
      (#"{"name": "WeightRegularizer", "l1": 0.1, "l2": 0.2}"#, 0.1, 0.2),
      (#"{"name": "ActivityRegularizer", "l1": 0.0, "l2": 0.5}"#, 0.0, 0.5),
      (#"{"name": "L1L2Regularizer", "l1": 0.25, "l2": 0.0}"#, 0.25, 0.0),
      (#"{"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0.3}}"#, 0.1, 0.3),
      (#""l1""#, 0.01, 0.0), (#""l2""#, 0.0, 0.01), (#""l1l2""#, 0.01, 0.01), (#""activity_l2""#, 0.0, 0.01),
    ])
  func `Every spelling of L1 and L2 is the same regularizer`(_ text: String, _ l1: Double, _ l2: Double) throws {
    let result = try RegularizerTranslation.translate(try JSON(parsing: text), field: "W_regularizer").value
    #expect(result["class_name"] == "L1L2")
    #expect(result["config"]?["l1"]?.doubleValue == l1)
    #expect(result["config"]?["l2"]?.doubleValue == l2)
  }

  @Test(arguments: ["W_regularizer", "weight_regularizer", "kernel_regularizer"])
  func `A weight's regularizer is found under all its names`(_ key: String) throws {
    let text =
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "input_dim": 3, "W_constraint": null, "\#(key)": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.5}}}]}"#
    #expect(try upgraded(text, version: "1.2.2").field("d", "kernel_regularizer")?["config"]?["l2"] == 0.5)
  }

  @Test func `Identity and null regularizers are none, an Eigenvalue regularizer is dropped`() throws {
    #expect(try RegularizerTranslation.translate(["name": "Regularizer"], field: "W_regularizer").value.isNull)
    #expect(try RegularizerTranslation.translate(nil, field: "W_regularizer").value.isNull)
    // It never saved its factor, so that Keras itself cannot read it again; predictions do not need it.
    let text =
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "input_dim": 3, "W_regularizer": {"name": "EigenvalueRegularizer"}}}]}"#
    #expect(try upgraded(text, version: "1.2.2").field("d", "kernel_regularizer")?.isNull == true)
  }

  /// Written by Keras 1.2.2: an LSTM with both regularizers, cpu form.
  private func lstm(_ consumeLess: String) -> String {
    """
    {"class_name": "Sequential", "config": [{"class_name": "LSTM", "config": {"U_regularizer": {"name":
     "L1L2Regularizer", "l1": 0.0, "l2": 100.0}, "name": "lstm_1", "inner_activation": "hard_sigmoid", "go_backwards":
     false, "activation": "tanh", "trainable": true, "unroll": false, "consume_less": "\(consumeLess)", "stateful": false,
     "init": "glorot_uniform", "inner_init": "orthogonal", "dropout_U": 0.0, "dropout_W": 0.0, "input_dim": 3,
     "return_sequences": true, "b_regularizer": null, "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 1.0},
     "output_dim": 3, "forget_bias_init": "one", "input_length": 4, "batch_input_shape": [null, 4, 3]}}]}
    """
  }

  @Test func `Keras 1.2 gave the kernel's regularizer to the recurrent kernel, but not in the gpu form`() throws {
    let cpu = try upgraded(lstm("cpu"), version: "1.2.2")
    #expect(cpu.field("lstm_1", "recurrent_regularizer")?["config"]?["l2"] == 1.0)
    #expect(cpu.provenance.contains { $0.rule == "rnn-1.2-u-regularizer" })
    #expect(
      try upgraded(lstm("gpu"), version: "1.2.2").field("lstm_1", "recurrent_regularizer")?["config"]?["l2"] == 100.0)
    #expect(
      try upgraded(lstm("cpu"), version: "1.1.2").field("lstm_1", "recurrent_regularizer")?["config"]?["l2"] == 100.0)
  }

  @Test(
    arguments: [
      ("2.1.6", "keraskit>hard_sigmoid", false), ("2.2.4", "keraskit>hard_sigmoid", false), ("2.3.1", "sigmoid", false),
      ("2.2.4-tf", "keraskit>hard_sigmoid", false), ("2.5.0", "sigmoid", true),
    ] as [(String, JSON, JSON)])
  func `Fields a GRU's config leaves out get their release's default`(
    _ version: String, _ activation: JSON, _ resetAfter: JSON
  ) throws {
    let text =
      #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "GRU", "config": {"name": "g", "units": 3, "batch_input_shape": [null, 4, 3]}}]}}"#
    let model = try upgraded(text, version: version)
    #expect(model.field("g", "recurrent_activation") == activation)
    #expect(model.field("g", "reset_after") == resetAfter)
    #expect(model.provenance.contains { $0.rule == "recurrent-activation-default" } == (activation != "sigmoid"))
  }

  @Test func `CuDNN layers become plain ones with the functions they computed`() throws {
    let text =
      #"{"class_name": "Sequential", "config": [{"class_name": "CuDNNGRU", "config": {"name": "g", "units": 3, "batch_input_shape": [null, 4, 3]}}]}"#
    let model = try upgraded(text, version: "2.1.6")
    #expect(model.layer("g")?["class_name"] == "GRU")
    #expect(model.field("g", "recurrent_activation") == "sigmoid")
    #expect(model.field("g", "reset_after") == true)
  }

  @Test func `A Keras 0 config is read flat, with its embedded training config`() throws {
    // Keras 0.3.3, areg_conv2d, last layer and compile fields.
    let text = """
      {"layers": [{"W_constraint": null, "b_constraint": null, "name": "Dense", "custom_name": "dense",
       "activity_regularizer": {"l2": 0.02, "name": "ActivityRegularizer", "l1": 0.0}, "trainable": true, "cache_enabled":
       true, "init": "glorot_uniform", "activation": "linear", "input_dim": 4, "b_regularizer": null, "W_regularizer":
       null, "output_dim": 3}], "loss": "mse", "optimizer": {"nesterov": false, "lr": 0.05000000074505806, "name": "SGD",
       "momentum": 0.0, "decay": 0.0}, "name": "Sequential", "sample_weight_mode": null}
      """
    let model = try upgraded(text)
    #expect(model.field("dense", "units") == 3)
    #expect(model.field("dense", "activity_regularizer")?["config"]?["l2"] == 0.02)
    #expect(model.compile?["loss"] == "mean_squared_error")
    #expect(model.compile?["optimizer"]?["class_name"] == "SGD")
    #expect(model.compile?["optimizer"]?["config"]?["learning_rate"] == 0.05000000074505806)
    #expect(model.backend == "theano")
    #expect(model.version == nil)
  }

  @Test func `Optimizers keep decay and state their era's epsilon`() throws {
    let training =
      #"{"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.01, "beta_1": 0.9, "beta_2": 0.999, "decay": 0.1, "epsilon": null}}, "loss": {"a": "mae"}, "metrics": ["acc"], "loss_weights": null}"#
    let text =
      #"{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "a", "units": 2, "batch_input_shape": [null, 3]}}]}"#
    let old = try upgraded(text, version: "2.1.2", training: training).compile
    #expect(old?["optimizer"]?["config"]?["epsilon"] == 1e-8)
    #expect(old?["optimizer"]?["config"]?["decay"] == 0.1)
    #expect(old?["loss"]?["a"] == "mean_absolute_error")
    #expect(old?["metrics"] == ["accuracy"])
    #expect(
      try upgraded(text, version: "2.1.3", training: training).compile?["optimizer"]?["config"]?["epsilon"] == 1e-7)
  }

  @Test func `Weights alone and broken configs are typed errors with the file's name`() throws {
    let error = #expect(throws: ModelError.self) {
      try EraUpgrade.upgrade(ModelSource(file: "w.h5", format: .hdf5Weights))
    }
    #expect(error?.description.hasPrefix("w.h5: ") == true)
    #expect(throws: ModelError.self) { try upgraded(#"{"class_name": "Model", "config": {"name": "m"}}"#) }
    #expect(throws: ModelError.self) { try upgraded(#"{"class_name": "Sequential", "config": [7]}"#) }
  }
}
