import KerasCore
import Testing

@testable import KerasFile
@testable import KerasModel

private func dense(_ name: String) -> JSON {
  [
    "class_name": "Dense", "name": .string(name), "config": ["name": .string(name), "trainable": true],
    "source_pointer": "",
  ]
}

/// Dense layers of these widths, and the variables they have.
private func chain(_ layers: [(name: String, inputs: Int, outputs: Int)]) -> (JSON, [WeightTarget]) {
  let model: JSON = [
    "class_name": "Sequential", "name": "m", "config": ["layers": .array(layers.map { dense($0.name) })],
    "source_pointer": "",
  ]
  let targets = layers.flatMap { layer in
    [("kernel", [layer.inputs, layer.outputs]), ("bias", [layer.outputs])].map { role, shape in
      WeightTarget(
        parameter: "\(layer.name)/\(role)", holder: "", role: role, shape: shape, isTrainable: true,
        initializer: role == "kernel" ? "glorot_uniform" : "zeros")
    }
  }
  return (model, targets)
}

private func array(_ name: String, in group: String, _ shape: [Int], value: Float) -> StoredArray {
  StoredArray(name: name, path: "/\(group)/\(name)", dtype: .float32, shape: shape) { () throws(KerasFileError) in
    do {
      return try TensorData.filled(value, shape: shape)
    } catch {
      throw KerasFileError(file: "f", .damaged("\(error)"))
    }
  }
}

private func group(_ name: String, _ layers: [(name: String, inputs: Int, outputs: Int)]) -> WeightGroup {
  WeightGroup(
    name: name,
    arrays: layers.enumerated().flatMap { number, layer in
      [
        array("\(layer.name)/kernel:0", in: name, [layer.inputs, layer.outputs], value: Float(number + 1)),
        array("\(layer.name)/bias:0", in: name, [layer.outputs], value: Float(number + 1)),
      ]
    })
}

private func assign(
  _ groups: [WeightGroup], _ layers: [(name: String, inputs: Int, outputs: Int)], partial: Bool = false
) throws -> WeightAssignment {
  let (model, targets) = chain(layers)
  let source = ModelSource(file: "f", format: .hdf5Weights, versionStamp: "2.2.4", weights: .groups(groups))
  return try WeightAssignment(
    source, era: Era(of: source, config: ["class_name": "Sequential"]), model: model, targets: targets,
    allowsPartial: partial)
}

@Suite("Weights whose groups are not the model's layers")
struct WeightMatchingTests {
  private let layers: [(name: String, inputs: Int, outputs: Int)] = [("a", 3, 4), ("b", 4, 5), ("c", 5, 2)]

  @Test func `A nested model's group fills the layers it was flattened to, by their inner names`() throws {
    let found = try assign([group("model_1", [layers[1], layers[0]]), group("c", [layers[2]])], layers)
    #expect(try found.weights["a/kernel"]?.floats().first == 2)
    #expect(found.rows.allSatisfy { $0.reason == .name })
  }

  @Test func `Other names in one group go by order and shape`() throws {
    let stored = layers.enumerated().map { (name: "dense_\($0 + 7)", inputs: $1.inputs, outputs: $1.outputs) }
    let found = try assign([group("model_1", Array(stored[0...1])), group("dense_9", [stored[2]])], layers)
    #expect(try found.weights["b/bias"]?.floats().first == 2)
    #expect(found.rows.allSatisfy { $0.reason == .shape })
  }

  @Test func `Groups in another order go by shapes that occur once`() throws {
    let stored = [("x", 5, 2), ("y", 3, 4), ("z", 4, 5)].map { (name: $0.0, inputs: $0.1, outputs: $0.2) }
    let found = try assign(stored.map { group($0.name, [$0]) }, layers)
    #expect(found.rows.first { $0.parameter == "c/kernel" }?.storedPaths == ["/x/x/kernel:0"])
    #expect(found.rows.allSatisfy { $0.reason == .shape })
  }

  @Test func `An array that nothing takes is an error with both sides`() throws {
    let extra = (name: "d", inputs: 2, outputs: 9)
    let error = #expect(throws: ModelError.self) {
      try assign((layers + [extra]).map { group($0.name, [$0]) }, layers)
    }
    guard case .unmatchedWeights(let variables, let arrays)? = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(variables.isEmpty)
    #expect(arrays == ["/d/d/kernel:0 (2, 9)", "/d/d/bias:0 (9,)"])
    #expect(error?.description.contains("--allow-partial") == true)
  }

  @Test func `A partial load takes the layers of the same names only`() throws {
    let head = (name: "head", inputs: 5, outputs: 7)
    let found = try assign(
      [group("a", [layers[0]]), group("b", [layers[1]]), group("old_head", [("old_head", 5, 9)])],
      [layers[0], layers[1], head], partial: true)
    #expect(found.unfilled == ["head/kernel", "head/bias"])
    #expect(found.unread == ["/old_head/old_head/kernel:0 (5, 9)", "/old_head/old_head/bias:0 (9,)"])
    #expect(Set(found.weights.keys) == ["a/kernel", "a/bias", "b/kernel", "b/bias"])
  }

  @Test func `Without any name in common a partial load goes by order and shape`() throws {
    let stored = [("p", 3, 4), ("q", 4, 5)].map { (name: $0.0, inputs: $0.1, outputs: $0.2) }
    let found = try assign(stored.map { group($0.name, [$0]) }, layers, partial: true)
    #expect(found.unfilled == ["c/kernel", "c/bias"])
    #expect(found.rows.allSatisfy { $0.reason == .shape })
  }
}

@Suite("Arrays of Keras 1 in another order than its own")
struct Keras1OrderTests {
  private let era = Era(
    of: ModelSource(file: "f", format: .hdf5Weights, versionStamp: "1.2.2"), config: ["class_name": "Sequential"])

  private func convert(
    _ className: String, _ targets: [(String, [Int])], _ arrays: [(String, [Int])]
  ) throws -> [ConvertedWeight] {
    let targets = targets.map {
      WeightTarget(parameter: "l/" + $0.0, holder: "", role: $0.0, shape: $0.1, isTrainable: true)
    }
    return try LayerWeights(era: era, className: className, config: [:], targets: targets).convert(
      arrays.enumerated().map { array("l_" + $1.0, in: "l", $1.1, value: Float($0)) })
  }

  @Test func `Bias before kernel, square so that shapes would not tell`() throws {
    let found = try convert(
      "Highway", [("kernel", [2, 2]), ("bias", [2]), ("carry_kernel", [2, 2]), ("carry_bias", [2])],
      [("W_carry", [2, 2]), ("b_carry", [2]), ("b", [2]), ("W", [2, 2])])
    #expect(try found.map { try $0.data.floats()[0] } == [3, 2, 0, 1])
  }

  /// Keras 1's own order is i, c, f, o; Keras 3 wants i, f, c, o.
  @Test func `Gates by their names`() throws {
    let gates = ["i", "f", "c", "o"]
    let arrays = gates.flatMap { gate in [("b_" + gate, [1]), ("W_" + gate, [1, 1]), ("U_" + gate, [1, 1])] }
    let found = try convert("LSTM", [("kernel", [1, 4]), ("recurrent_kernel", [1, 4]), ("bias", [4])], arrays)
    #expect(try found.map { try $0.data.floats() } == [[1, 4, 7, 10], [2, 5, 8, 11], [0, 3, 6, 9]])
  }
}

@Suite("Fresh values of variables")
struct InitialValueTests {
  private func values(_ initializer: JSON, _ shape: [Int]) throws -> [Double] {
    try InitialValue.make(initializer, shape: shape, name: "v", seed: 1).doubles()
  }

  @Test func `Constants are what they say`() throws {
    #expect(try values("ones", [2]) == [1, 1])
    #expect(try values(["class_name": "Constant", "config": ["value": 0.5]], [2]) == [0.5, 0.5])
    #expect(try values(nil, [2]) == [0, 0])
  }

  /// Limits and deviations by Keras' formulas; fans 9·40 and 9·80.
  @Test func `Scaled initializers keep their limits and deviations`() throws {
    let uniform = try values("GlorotUniform", [3, 3, 40, 80])
    let limit = (6.0 / Double(9 * 120)).squareRoot()
    #expect(uniform.allSatisfy { $0.magnitude <= limit })
    let spread = (uniform.map { $0 * $0 }.reduce(0, +) / Double(uniform.count)).squareRoot()
    #expect((spread / (limit / 3.0.squareRoot()) - 1).magnitude < 0.02)
    let normal = try values(["class_name": "HeNormal", "config": [:]], [200, 100])
    let deviation = (normal.map { $0 * $0 }.reduce(0, +) / Double(normal.count)).squareRoot()
    #expect((deviation / 0.1 - 1).magnitude < 0.02)
  }

  @Test func `Orthogonal rows are orthonormal`() throws {
    let values = try values("Orthogonal", [4, 7])
    for row in 0..<4 {
      for other in 0..<4 {
        let product = (0..<7).reduce(0) { $0 + values[row * 7 + $1] * values[other * 7 + $1] }
        #expect((product - (row == other ? 1 : 0)).magnitude < 1e-6)
      }
    }
  }

  @Test func `The same seed gives the same values, another variable others`() throws {
    let first = try InitialValue.make("he_uniform", shape: [5], name: "a", seed: 3).doubles()
    #expect(try InitialValue.make("he_uniform", shape: [5], name: "a", seed: 3).doubles() == first)
    #expect(try InitialValue.make("he_uniform", shape: [5], name: "b", seed: 3).doubles() != first)
  }
}

@Suite("Partial loads of weights by path")
struct PartialPathTests {
  private func load(_ objects: [WeightGroup], partial: Bool) throws -> WeightAssignment {
    let (model, targets) = chain([("a", 3, 4), ("b", 4, 5)])
    let source = ModelSource(file: "f", format: .kerasArchive, versionStamp: "3.6.0", weights: .paths(objects))
    return try WeightAssignment(
      source, era: Era(of: source, config: ["class_name": "Sequential"]), model: model, targets: targets,
      allowsPartial: partial)
  }

  private func object(_ path: String, _ inputs: Int, _ outputs: Int) -> WeightGroup {
    WeightGroup(
      name: path,
      arrays: [
        array("0", in: path, [inputs, outputs], value: 1), array("1", in: path, [outputs], value: 1),
      ])
  }

  @Test func `What fits its path is taken, the rest listed`() throws {
    let objects = [object("layers/dense", 3, 4), object("layers/dense_1", 4, 9), object("layers/dense_2", 9, 1)]
    #expect(throws: ModelError.self) { try load(objects, partial: false) }
    let found = try load(objects, partial: true)
    #expect(found.unfilled == ["b/kernel", "b/bias"])
    #expect(
      found.unread == [
        "/layers/dense_1/0 (4, 9)", "/layers/dense_1/1 (9,)", "/layers/dense_2/0 (9, 1)", "/layers/dense_2/1 (1,)",
      ])
  }

  @Test func `Objects of no layer are told of, random states are not`() throws {
    let objects = [
      object("layers/dense", 3, 4), object("layers/dense_1", 4, 5), object("layers/dropout/seed_generator", 1, 2),
      object("layers/dense_2", 5, 1),
    ]
    #expect(try load(objects, partial: false).unread == ["/layers/dense_2/0 (5, 1)", "/layers/dense_2/1 (1,)"])
  }
}
