import KerasCore
import Testing

@testable import KerasFile
@testable import KerasModel

private func weights(_ names: String...) -> StoredWeights {
  .groups([
    WeightGroup(
      name: "l",
      arrays: names.map { name in
        StoredArray(name: name, path: "/" + name, dtype: .float32, shape: [1]) {
          () throws(KerasFileError) in TensorData(0)
        }
      })
  ])
}

private let keras1Config: JSON = [
  "class_name": "Sequential", "config": [["class_name": "Dense", "config": ["output_dim": 2, "W_regularizer": nil]]],
]
private let keras2Config: JSON = [
  "class_name": "Sequential", "config": [["class_name": "Dense", "config": ["units": 2, "kernel_initializer": nil]]],
]

private func era(_ config: JSON, _ weights: StoredWeights, version: String? = nil, backend: String? = nil) -> Era {
  let source = ModelSource(
    file: "f", format: .json, config: config, versionStamp: version, backend: backend, weights: weights)
  return Era(of: source, config: config)
}

@Suite("The release that files do not state")
struct EraEvidenceTests {
  /// Names as measured: Keras 1.2.2 on Theano and TensorFlow, 2.1.3 on TensorFlow, 0.3.3.
  @Test(
    arguments: [
      ("dense_1_W", 1, "theano"), ("dense_1_W:0", 1, "tensorflow"), ("batchnormalization_1_running_std", 1, "theano"),
    ])
  func `Keras 1 by its config, the backend by its weights' names`(_ name: String, _ major: Int, _ backend: String) {
    let found = era(keras1Config, weights(name))
    #expect(found.version.major == major)
    #expect(found.stamped == nil)
    #expect(found.backend == backend)
    #expect(found.evidence.contains { $0.contains("W_regularizer") })
    #expect(found.evidence.contains { $0.contains(name) })
  }

  @Test func `A stamp that cannot have written the config is not believed`() {
    let found = era(keras2Config, weights("dense_1/kernel:0"), version: "1.2.2")
    #expect(found.dialect == .keras2)
    #expect(found.stamped == nil)
  }

  @Test func `Weights of Keras 1 beside a config of Keras 2 are laid out as Keras 1 did`() {
    var source = ModelSource(
      file: "f", format: .json, config: keras2Config, versionStamp: "2.1.3", backend: "tensorflow",
      weights: weights("convolution2d_1_W", "convolution2d_1_b"))
    source.weightStamps = ModelSource.Stamps(version: nil, backend: nil)
    let config = Era(of: source, config: keras2Config)
    #expect(config.dialect == .keras2)
    let stored = config.ofWeights(in: source)
    #expect(stored.dialect == .keras1)
    #expect(stored.isTheano)
    var options = LoadOptions()
    options.backend = "tensorflow"
    let stamped = options.stamped(source)
    #expect(Era(of: stamped, config: keras2Config).ofWeights(in: stamped).isTheano == false)
  }

  @Test func `Options win over stamps`() {
    let source = ModelSource(file: "f", format: .json, config: keras1Config, versionStamp: "1.2.2")
    let stamped = LoadOptions(kerasVersion: KerasVersion(1, 0, 5), backend: "theano").stamped(source)
    let found = Era(of: stamped, config: keras1Config)
    #expect(found.version == KerasVersion(1, 0, 5))
    #expect(found.isTheano)
  }

  @Test func `Fields that only tf_keras wrote tell tf_keras`() {
    let config: JSON = [
      "class_name": "Functional",
      "config": [
        "layers": [["class_name": "InputLayer", "config": ["batch_input_shape": [nil, 2], "ragged": false]]]
      ],
    ]
    let found = era(config, weights("dense/kernel:0"))
    #expect(found.version.isTensorFlow)
    #expect(found.backend == "tensorflow")
    #expect(found.evidence.contains { $0.contains("ragged") })
  }

  @Test(
    arguments: [
      ("block1_conv1_W_1:0", "block1_conv1", "kernel"), ("dense_1_b", "dense_1", "bias"),
      ("bn_running_std:0", "bn", "moving_variance"), ("highway_1_W_carry", "highway_1", "carry_kernel"),
    ])
  func `Names of Keras 1 taken apart`(_ name: String, _ layer: String, _ role: String) {
    #expect(Keras1Name(name).layer == layer)
    #expect(Keras1Name(name).canonicalRole(in: "Conv2D") == role)
  }

  @Test func `Names of Keras 2 are none of Keras 1`() {
    for name in ["dense_1/kernel:0", "dense_1", "lstm/lstm_cell/bias:0"] {
      #expect(Keras1Name(name).role == nil)
    }
  }
}
