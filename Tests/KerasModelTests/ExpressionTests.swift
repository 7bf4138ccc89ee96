import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel

/// Expressions of `--map`: what they parse to, what they compute, and how they are refused.
@Suite struct ExpressionTests {
  private static let x: [Float] = [1, -2, 3, 4, 5, -6]
  private static let y: [Float] = [2, 2, -1, 0.5, 4, 3]

  /// Evaluates on two inputs of shape (2, 3).
  private func value(_ text: String, inputs: Int = 1) throws -> Tensor {
    var reader = ConfigReader(
      className: ExpressionLayer.className, name: "e", fields: ["expression": .string(text)])
    let layer = try ExpressionLayer(&reader)
    var context = LoweringContext(isTraining: false)
    let names = Array(["x", "y"].prefix(inputs))
    let tensors = names.map { LayerTensor(context.graph.addInput($0, TensorType(.float32, Shape([nil, 3])))) }
    context.graph.outputs = try layer.lower(LayerCall(inputs: tensors), &context).map(\.value)
    let data = [Self.x, Self.y].map { Tensor([2, 3], $0.map { Double($0) }) }
    return try Interpreter.run(
      context.graph, inputs: Dictionary(uniqueKeysWithValues: zip(names, data)), parameters: [:])[0]
  }

  private static let cases: [(String, [Float])] = [
    ("x / 2 - 1", [-0.5, -2, 0.5, 1, 1.5, -4]),
    ("-x ** 2", [-1, -4, -9, -16, -25, -36]),
    ("2 ** 3 ** 0 * x", [2, -4, 6, 8, 10, -12]),
    ("lambda t: 3 * t", [3, -6, 9, 12, 15, -18]),
    ("x // 2", [0, -1, 1, 2, 2, -3]),
    ("x % 4", [1, 2, 3, 0, 1, 2]),
    ("x * 2 if 3 > 2 else x", [2, -4, 6, 8, 10, -12]),
    ("tf.nn.relu(x)", [1, 0, 3, 4, 5, 0]),
    ("K.clip(x, -1, 2.5)", [1, -1, 2.5, 2.5, 2.5, -1]),
    ("x[..., 1:]", [-2, 3, 5, -6]),
    ("x[:, 0]", [1, 4]),
    ("x[:, -1]", [3, -6]),
    ("K.sum(x, axis=1)", [2, 3]),
    ("keras.ops.max(x, axis=-1, keepdims=True)", [3, 5]),
    ("np.pi * 0 + x", [1, -2, 3, 4, 5, -6]),
    ("m = K.mean(x, axis=1, keepdims=True); x * 0 + m", [2 / 3, 2 / 3, 2 / 3, 1, 1, 1]),
    ("x[:, ::-1]", [3, -2, 1, -6, 5, 4]),
    ("x if 1 < 2 < 3 and not 3 < 2 or x is None else -x", [1, -2, 3, 4, 5, -6]),
    ("K.cast((x > 0) & (x < 4), 'float32')", [1, 0, 1, 0, 0, 0]),
    ("x / float(x.shape[1])", [1 / 3, -2 / 3, 1, 4 / 3, 5 / 3, -2]),
    ("x.shape[-1] * x - len(x.shape) * x", [1, -2, 3, 4, 5, -6]),
    ("tf.where(x > 0, x, 0 * x)", [1, 0, 3, 4, 5, 0]),
    ("K.sqrt(K.sum(K.square(x - 1), axis=1, keepdims=True))", [Float(13).squareRoot(), Float(74).squareRoot()]),
    ("tf.reduce_max(x, -1) - K.min(x, axis=-1)", [5, 11]),
    ("K.expand_dims(x)[:, 1, 0]", [-2, 5]),
    ("tf.split(x, 3, axis=1)[2]", [3, -6]),
    ("K.stack([x, 2 * x], axis=1)[:, 1]", [2, -4, 6, 8, 10, -12]),
    ("K.reshape(x, (-1, 1, 3))[:, 0, 2]", [3, -6]),
    ("K.tile(x[:, :1], [1, 2])", [1, 1, 4, 4]),
    ("K.repeat_elements(x[:, :1], 2, axis=1)", [1, 1, 4, 4]),
    ("tf.square(tf.abs(x)) ** 0.5", [1, 2, 3, 4, 5, 6]),
  ]

  @Test(arguments: cases)
  func oneInput(_ text: String, _ expected: [Float]) throws {
    let result = try value(text).values.map { Float($0) }
    #expect(result.count == expected.count)
    for (a, b) in zip(result, expected) { #expect(abs(a - b) < 1e-5, "\(text): \(result)") }
  }

  @Test func severalInputs() throws {
    let sum = zip(Self.x, Self.y).map(+)
    for text in ["a + b", "x[0] + x[1]", "lambda u, v: u + v", "lambda t: t[0] + t[1]"] {
      #expect(try value(text, inputs: 2).values.map { Float($0) } == sum, "\(text)")
    }
  }

  /// A custom class's formula with its variables and fields.
  @Test func variablesAndFields() throws {
    let formula = KnownFormula(
      names: ["Scaled"], expression: "$act(x * k) + $shift", weights: [("k", "x.shape[-1]")],
      defaults: ["act": "relu", "shift": 1])
    let saved = try SavedLayer(["class_name": "Scaled", "config": ["name": "s", "shift": 2]], at: JSONPointer())
    var reader = ConfigReader(
      className: ExpressionLayer.className, name: "s", fields: try formula.applied(to: saved).fields)
    let layer = try ExpressionLayer(&reader)
    let specs = try layer.weights([Shape([nil, 3])])
    #expect(specs.map(\.shape) == [[3]] && specs.map(\.role) == ["k"])
    var context = LoweringContext(isTraining: false)
    let x = context.graph.addInput("x", TensorType(.float32, Shape([nil, 3])))
    context.graph.outputs = try context.inLayer(named: nil, parameterPrefix: "", specs: specs, trainable: true) {
      context throws(ModelError) in try layer.lower(LayerCall(inputs: [LayerTensor(x)]), &context)
    }.map(\.value)
    let y = try Interpreter.run(
      context.graph, inputs: ["x": Tensor([1, 3], [1, -2, 3])], parameters: ["k": Tensor([3], [2, 2, 1])])[0]
    #expect(y.values == [4, 2, 5])
  }

  @Test func normalisesByLength() throws {
    let result = try value("K.l2_normalize(x, axis=-1)").values.map { Float($0) }
    let length = Float(14).squareRoot()
    for (a, b) in zip(result, [1 / length, -2 / length, 3 / length]) { #expect(abs(a - b) < 1e-6) }
  }

  @Test func newAxesStandWhereTheyAreWritten() throws {
    #expect(try value("x[:, None, :]").shape == [2, 1, 3])
    #expect(try value("x[..., tf.newaxis]").shape == [2, 3, 1])
  }

  @Test(arguments: [
    ("x +", 4), ("x $ 2", 3), ("(x", 3), ("x[", 3), ("f(a=1, 2)", 8), ("x ! 2", 3), ("'abc", 1), ("y = x", 3),
    ("", 1), ("x if", 5),
  ])
  func errorsNameTheColumn(_ text: String, _ column: Int) {
    let error = #expect(throws: ExpressionError.self) { try Expression(parsing: text) }
    #expect(error?.column == column, "\(text): \(error?.description ?? "")")
  }

  @Test func depthAndLengthAreBounded() {
    let deep = String(repeating: "(", count: 1000) + "x" + String(repeating: ")", count: 1000)
    #expect(throws: ExpressionError.self) { try Expression(parsing: deep) }
    #expect(throws: ExpressionError.self) { try Expression(parsing: String(repeating: "-", count: 1000) + "x") }
    #expect(throws: ExpressionError.self) { try Expression(parsing: String(repeating: "x + ", count: 2000) + "x") }
  }

  @Test(arguments: ["os.system(x)", "x.foo", "x + 'a'", "K.no_such(x)", "x @ 2", "y", "1 / 0 + x", "K.sum(x, axs=1)"])
  func whatHasNoMeaningIsRefused(_ text: String) {
    #expect(throws: ModelError.self) { try value(text) }
  }
}
