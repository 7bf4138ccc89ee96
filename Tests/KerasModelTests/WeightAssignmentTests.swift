import KerasCore
import KerasFile
import Testing

@testable import KerasModel

private func array(_ name: String, _ values: [Float]) throws -> StoredArray {
  let data = try TensorData(shape: [values.count], floats: values)
  return StoredArray(name: name, path: "/\(name)", dtype: .float32, shape: [values.count]) {
    () throws(KerasFileError) in data
  }
}

private func dense(_ name: String, trainable: Bool = true) -> JSON {
  [
    "class_name": "Dense", "name": .string(name), "config": ["name": .string(name), "trainable": .bool(trainable)],
    "source_pointer": "",
  ]
}

private func model(_ layers: [JSON], name: String = "sequential") -> JSON {
  ["class_name": "Sequential", "name": .string(name), "config": ["layers": .array(layers)], "source_pointer": ""]
}

private func targets(_ names: [String]) -> [WeightTarget] {
  names.map { WeightTarget(parameter: $0, holder: "", role: $0, shape: [1], isTrainable: !$0.hasSuffix("moving_mean")) }
}

private func assign(_ weights: StoredWeights, _ model: JSON, _ names: [String]) throws -> WeightAssignment {
  let source = ModelSource(file: "f", format: .hdf5Model, versionStamp: "2.2.4", weights: weights)
  return try WeightAssignment(
    source, era: Era(of: source, config: ["class_name": "Sequential"]), model: model, targets: targets(names))
}

@Suite("Which stored array fills which variable")
struct WeightAssignmentTests {
  @Test func `Layers are found by name whatever their order in the file`() throws {
    let groups = [
      WeightGroup(name: "b", arrays: [try array("b/kernel:0", [2])]), WeightGroup(name: "flatten", arrays: []),
      WeightGroup(name: "a", arrays: [try array("a/kernel:0", [1])]),
    ]
    let assignment = try assign(.groups(groups), model([dense("a"), dense("b")]), ["a/kernel", "b/kernel"])
    #expect(try assignment.weights["a/kernel"]?.floats() == [1])
    #expect(assignment.rows.allSatisfy { $0.reason == .name })
    #expect(assignment.rows.first { $0.parameter == "b/kernel" }?.storedPaths == ["/b/kernel:0"])
  }

  @Test func `Layers of other names are matched in order, and a different number is an error`() throws {
    let groups = [
      WeightGroup(name: "dense_7", arrays: [try array("dense_7/kernel:0", [1])]),
      WeightGroup(name: "dense_8", arrays: [try array("dense_8/kernel:0", [2])]),
    ]
    let assignment = try assign(.groups(groups), model([dense("a"), dense("b")]), ["a/kernel", "b/kernel"])
    #expect(try assignment.weights["b/kernel"]?.floats() == [2])
    #expect(assignment.rows.allSatisfy { $0.reason == .order })
    let error = #expect(throws: ModelError.self) {
      try assign(.groups(groups), model([dense("a"), dense("b"), dense("c")]), ["a/kernel", "b/kernel", "c/kernel"])
    }
    guard case .unmatchedWeights(let variables, let arrays)? = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(variables == ["a/kernel (1,)", "b/kernel (1,)", "c/kernel (1,)"])
    #expect(arrays == ["/dense_7/kernel:0 (1,)", "/dense_8/kernel:0 (1,)"])
  }

  /// TF 2.13, nested Sequential d1, b, d2 with d1 frozen: `b/gamma b/beta d2/kernel d2/bias d1/kernel …` as measured.
  @Test func `A nested model's arrays come trainable first, and frozen layers last`() throws {
    let inner = model([dense("d1", trainable: false), dense("d2")], name: "inner")
    let names = ["inner/d1/kernel", "inner/d2/kernel"]
    let byName = try assign(
      .groups([WeightGroup(name: "inner", arrays: [try array("d2/kernel:0", [2]), try array("d1/kernel:0", [1])])]),
      model([inner]), names)
    #expect(try byName.weights["inner/d1/kernel"]?.floats() == [1])
    let byOrder = try assign(
      .groups([WeightGroup(name: "inner", arrays: [try array("kernel:0", [2]), try array("kernel_1:0", [1])])]),
      model([inner]), names)
    #expect(try byOrder.weights["inner/d1/kernel"]?.floats() == [1])
    #expect(byOrder.rows.allSatisfy { $0.reason == .order })
  }

  @Test func `Keras 3's paths count classes, not names`() throws {
    let objects = [
      WeightGroup(name: "layers/dense", arrays: [try array("0", [1])]),
      WeightGroup(name: "layers/dense_1", arrays: [try array("0", [2])]),
    ]
    let assignment = try assign(.paths(objects), model([dense("z"), dense("a")]), ["z/kernel", "a/kernel"])
    #expect(try assignment.weights["z/kernel"]?.floats() == [1])
    #expect(try assignment.weights["a/kernel"]?.floats() == [2])
  }

  /// TF 2.13.1 wrote three Dense layers as `dense`, `dense_2`, `dense_4`.
  @Test func `Keras 2.13's paths count weighted layers twice`() throws {
    let root = "_layer_checkpoint_dependencies/"
    let objects = try ["dense", "dense_2", "dense_4"].enumerated().map {
      WeightGroup(name: root + $1, arrays: [try array("0", [Float($0)])])
    }
    let assignment = try assign(
      .paths(objects), model([dense("a"), dense("b"), dense("c")]), ["a/kernel", "b/kernel", "c/kernel"])
    #expect(try assignment.weights["c/kernel"]?.floats() == [2])
    #expect(assignment.rows.allSatisfy { $0.reason == .path })
  }

  @Test func `A layer whose object is not in the file is an error that names it`() throws {
    let error = #expect(throws: ModelError.self) {
      try assign(.paths([]), model([dense("a")]), ["a/kernel"])
    }
    #expect(error?.layer == "a")
  }

  @Test(
    arguments: [
      ("Conv2D", "conv2d"), ("LSTM", "lstm"), ("PReLU", "p_re_lu"), ("BatchNormalization", "batch_normalization"),
      ("Conv2DTranspose", "conv2d_transpose"), ("SeparableConv2D", "separable_conv2d"),
      ("RMSNormalization", "rms_normalization"),
      ("MultiHeadAttention", "multi_head_attention"), ("Dense", "dense"),
      ("GlobalMaxPooling1D", "global_max_pooling1d"),
    ])
  func `Class names in snake case as Keras writes them`(_ className: String, _ expected: String) {
    #expect(SavedLayer.snakeCase(className) == expected)
  }
}
