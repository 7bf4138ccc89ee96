import KerasKit

extension RuleCases {
  static let convolution: [RuleCase] = theano + formats + shapes + sums

  private static let theano: [RuleCase] = [
    .hit("theano-flip", .model("keras-1.2.2/conv1d.h5")),
    .clean("theano-flip", .model("keras-1.2.2-tf/conv1d.h5")),
    .clean("theano-flip", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit(
      "theano-flip-unknown",
      RuleCase.layer("Convolution1D", ["nb_filter": 2, "filter_length": 3], input: [nil, 6, 2], "1.2.2")),
    .clean("theano-flip-unknown", .model("keras-2.1.3/conv1d.h5")),
    .hit("same-padding-theano", .model("keras-1.2.2/conv1d.h5")),
    .clean("same-padding-theano", .model("keras-1.2.2-tf/conv1d.h5")),
    .hit("same-padding-0.1", image0(4, "same")),
    .clean("same-padding-0.1", image0(3, "same")),
    .hit("border-mode-full", image0(3, "full")),
    .clean("border-mode-full", image0(3, "valid")),
    .hit("avgpool-same-count", pooling("AveragePooling2D", "2.0.8", "theano")),
    .clean("avgpool-same-count", pooling("AveragePooling2D", "2.0.8", "tensorflow")),
    .clean("avgpool-same-count", pooling("AveragePooling2D", "2.2.4", "theano")),
    .hit("pool-theano-same", .model("keras-1.2.2/pooling_same.h5")),
    .clean("pool-theano-same", .model("keras-1.2.2-tf/pooling_same.h5")),
    .hit("pool-ignore-border-false", pooling0(ignoresBorder: false)),
    .clean("pool-ignore-border-false", pooling0(ignoresBorder: true)),
  ]

  private static let formats: [RuleCase] = [
    .hit("dim-ordering-missing", upsampled("th")),
    .clean("dim-ordering-missing", upsampled("tf")),
    .hit(
      "default-data-format",
      RuleCase.layer(
        "Convolution2D", ["nb_filter": 2, "nb_row": 3, "nb_col": 3, "dim_ordering": "default"],
        input: [nil, 8, 8, 3], "1.2.2")),
    .clean("default-data-format", .model("keras-1.2.2/conv_channels_first.h5")),
    .hit("flatten-data-format", .model("keras-2.1.3/conv_channels_first.h5")),
    .clean("flatten-data-format", .model("keras-2.3.1/conv_channels_first.h5")),
    .clean("flatten-data-format", .model("keras-2.1.3/conv_channels_last.h5")),
    .hit("dense-after-flatten-th", .model("keras-2.1.3/conv_channels_first.h5")),
    .clean("dense-after-flatten-th", .model("keras-2.1.3/conv_channels_last.h5")),
    .hit("concat-axis", .written(merged(format: "channels_first"), stamp: "2.2.4")),
    .clean("concat-axis", .written(merged(format: "channels_last"), stamp: "2.2.4")),
  ]

  private static let shapes: [RuleCase] = [
    .hit(
      "conv-transpose-output",
      RuleCase.layer(
        "Deconvolution2D",
        [
          "nb_filter": 2, "nb_row": 3, "nb_col": 3, "output_shape": [nil, 8, 8, 2], "subsample": [2, 2],
          "border_mode": "same", "dim_ordering": "tf",
        ], input: [nil, 4, 4, 3], "1.2.2")),
    .clean("conv-transpose-output", .model("keras-2.1.3/conv_channels_last.h5")),
    .hit("output-padding-recovered", transposed("3.6.0")),
    .clean("output-padding-recovered", transposed("3.15.1")),
    .clean("output-padding-recovered", .model("keras-3/conv_channels_last.keras")),
    .hit("upsampling-interpolation", bilinear("2.2.4")),
    .clean("upsampling-interpolation", bilinear("2.5.0")),
    .hit("zeropadding-4tuple", padding([1, 2, 3, 4])),
    .clean("zeropadding-4tuple", padding([1, 2])),
    .hit("merge-cos-axis", .model("keras-1.2.2/merge_cos.h5")),
    .clean("merge-cos-axis", .model("keras-1.2.2/merge_functional.h5")),
    .hit("dot-axes", dot0(2)),
    .clean("dot-axes", dot0([[1], [1]])),
    .hit("dot-matrices", .written(dot(of: [2, 3, 4]), stamp: "2.2.4")),
    .clean("dot-matrices", .written(dot(of: [3, 4]), stamp: "2.2.4")),
    .clean("dot-matrices", .written(dot(of: [2, 3, 4]), stamp: "2.3.1")),
    .clean("dot-matrices", .written(dot(of: [2, 3, 4]), stamp: "2.2.4", backend: "theano")),
    .hit(
      "global-pool-keepdims",
      RuleCase.layer("GlobalAveragePooling2D", ["keepdims": true], input: [nil, 4, 4, 3], "2.15.0"), target: .keras23),
    .clean(
      "global-pool-keepdims",
      RuleCase.layer("GlobalAveragePooling2D", ["keepdims": true], input: [nil, 4, 4, 3], "2.15.0")),
  ]

  /// Sums that Keras 3 on TensorFlow computes otherwise; `SumAxisTests` has all that were measured.
  private static let sums: [RuleCase] = [
    .hit("bias-add-axis", channelsFirst(filters: 6)),
    .clean("bias-add-axis", channelsFirst(filters: 5)),
    .clean("bias-add-axis", channelsFirst(filters: 6), target: .tensorFlow215),
    .clean("bias-add-axis", .model("keras-3/merge_functional.keras")),
    .hit("bias-add-axis", .model("keras-2.1.3/conv_channels_first.h5")),
    .clean("bias-add-axis", .model("keras-2.1.3/conv_channels_last.h5")),
  ]

  private static func channelsFirst(filters: Int) -> RuleCase.Origin {
    RuleCase.layer(
      "Conv2D",
      ["filters": JSON(filters), "kernel_size": [3, 3], "padding": "valid", "data_format": "channels_first"],
      input: [nil, 3, 8, 8], "2.2.4")
  }

  private static func transposed(_ stamp: String) -> RuleCase.Origin {
    RuleCase.layer(
      "Conv2DTranspose", ["filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "data_format": "channels_last"],
      input: [nil, 4, 4, 3], stamp)
  }

  private static func image0(_ size: Int, _ mode: JSON) -> RuleCase.Origin {
    let count = JSON.number(Double(size))
    return .written(
      [
        "name": "Sequential",
        "layers": [
          [
            "name": "Convolution2D", "nb_filter": 2, "nb_row": count, "nb_col": count, "border_mode": mode,
            "input_shape": [3, 8, 8], "subsample": [1, 1], "activation": "linear",
          ]
        ],
      ], stamp: nil, backend: "theano")
  }

  private static func pooling0(ignoresBorder: Bool) -> RuleCase.Origin {
    .written(
      [
        "name": "Sequential",
        "layers": [
          [
            "name": "MaxPooling2D", "poolsize": [2, 2], "ignore_border": .bool(ignoresBorder),
            "input_shape": [3, 7, 7],
          ]
        ],
      ], stamp: nil, backend: "theano")
  }

  private static func pooling(_ className: String, _ stamp: String, _ backend: String) -> RuleCase.Origin {
    RuleCase.layer(
      className, ["pool_size": [2, 2], "strides": [1, 1], "padding": "same", "data_format": "channels_last"],
      input: [nil, 5, 5, 2], stamp, backend: backend)
  }

  private static func upsampled(_ ordering: JSON) -> RuleCase.Origin {
    RuleCase.stack(
      "1.2.2", backend: "tensorflow",
      RuleCase.object(
        "Convolution2D",
        [
          "name": "c", "nb_filter": 2, "nb_row": 3, "nb_col": 3, "dim_ordering": ordering,
          "batch_input_shape": [nil, 4, 8, 8],
        ]),
      RuleCase.object("UpSampling2D", ["name": "u", "size": [2, 2]]))
  }

  private static func bilinear(_ stamp: String) -> RuleCase.Origin {
    RuleCase.layer(
      "UpSampling2D", ["size": [2, 2], "data_format": "channels_last", "interpolation": "bilinear"],
      input: [nil, 3, 3, 1], stamp)
  }

  private static func padding(_ value: JSON) -> RuleCase.Origin {
    RuleCase.layer("ZeroPadding2D", ["padding": value], input: [nil, 4, 4, 2], "1.2.2", backend: "tensorflow")
  }

  /// Two convolutions of one image, concatenated over the last axis.
  private static func merged(format: JSON) -> JSON {
    func call(_ layer: String) -> JSON { [.string(layer), 0, 0, [:]] }
    func convolution(_ name: JSON) -> JSON {
      [
        "class_name": "Conv2D", "name": name, "inbound_nodes": [[call("x")]],
        "config": ["name": name, "filters": 2, "kernel_size": [1, 1], "data_format": format],
      ]
    }
    return [
      "class_name": "Model",
      "config": [
        "name": "m",
        "layers": [
          [
            "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
            "config": ["name": "x", "batch_input_shape": [nil, 4, 4, 4], "dtype": "float32"],
          ],
          convolution("a"), convolution("b"),
          [
            "class_name": "Concatenate", "name": "c", "inbound_nodes": [[call("a"), call("b")]],
            "config": ["name": "c", "axis": -1],
          ],
        ],
        "input_layers": [["x", 0, 0]], "output_layers": [["c", 0, 0]],
      ],
    ]
  }

  /// An input of that shape times itself over the last axis.
  private static func dot(of shape: [JSON]) -> JSON {
    [
      "class_name": "Model",
      "config": [
        "name": "m",
        "layers": [
          [
            "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
            "config": ["name": "x", "batch_input_shape": .array([nil] + shape), "dtype": "float32"],
          ],
          [
            "class_name": "Dot", "name": "d", "inbound_nodes": [[["x", 0, 0, [:]], ["x", 0, 0, [:]]]],
            "config": ["name": "d", "axes": -1, "normalize": false],
          ],
        ],
        "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]],
      ],
    ]
  }

  /// A Merge of two inputs in the words of Keras 0.3.
  private static func dot0(_ axes: JSON) -> RuleCase.Origin {
    func branch() -> JSON {
      ["name": "Sequential", "layers": [["name": "Activation", "activation": "linear", "input_shape": [3, 4]]]]
    }
    return .written(
      [
        "name": "Sequential",
        "layers": [
          ["name": "Merge", "mode": "dot", "dot_axes": axes, "concat_axis": -1, "layers": [branch(), branch()]]
        ],
      ], stamp: nil)
  }
}
