import KerasCore
import KerasEngine
import KerasGraph
import ReferenceInterpreter
import Testing

/// Reproducible numbers for tests.
struct TestNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func float(in range: ClosedRange<Float> = -1...1) -> Float { Float.random(in: range, using: &self) }
}

/// A graph with random inputs and parameters that the engine and the reference interpreter both run.
struct EngineComparison {
  var graph = Graph()
  private(set) var inputs: [String: TensorData] = [:]
  private(set) var parameters: [String: TensorData] = [:]
  var numbers: TestNumbers

  init(seed: UInt64 = 1) { numbers = TestNumbers(seed: seed) }

  mutating func input(_ shape: [Int], in range: ClosedRange<Float> = -1...1) throws -> Value {
    let count = shape.reduce(1, *)
    return try input(shape, (0..<count).map { _ in numbers.float(in: range) })
  }

  mutating func input(_ shape: [Int], _ values: [Float]) throws -> Value {
    add(try TensorData(shape: shape, floats: values))
  }

  mutating func intInput(_ shape: [Int], in range: ClosedRange<Int32>) throws -> Value {
    let values = (0..<shape.reduce(1, *)).map { _ in Int32.random(in: range, using: &numbers) }
    return add(try TensorData(shape: shape, int32s: values))
  }

  mutating func boolInput(_ shape: [Int]) throws -> Value {
    let bytes = (0..<shape.reduce(1, *)).map { _ in UInt8.random(in: 0...1, using: &numbers) }
    return add(try TensorData(dtype: .bool, shape: shape, bytes: bytes))
  }

  mutating func add(_ data: TensorData) -> Value {
    let name = "input\(inputs.count)"
    inputs[name] = data
    return graph.addInput(name, TensorType(data.dtype, Shape(data.shape)))
  }

  mutating func parameter(_ shape: [Int], in range: ClosedRange<Float> = -1...1) throws -> Value {
    let name = "parameter\(parameters.count)"
    let values = (0..<shape.reduce(1, *)).map { _ in numbers.float(in: range) }
    parameters[name] = try TensorData(shape: shape, floats: values)
    return graph.addParameter(name, TensorType(.float32, Shape(shape)))
  }

  mutating func add(_ op: Op, _ operands: Value...) throws -> Value {
    let results = try graph.add(op, operands)
    return results[0]
  }

  /// The same graph on other numbers.
  static func replacing(
    _ comparison: EngineComparison, input: TensorData, parameters: [String: TensorData]
  ) -> EngineComparison {
    var changed = comparison
    changed.inputs["input0"] = input
    changed.parameters = parameters
    return changed
  }

  func store() throws -> ParameterStore {
    let store = ParameterStore()
    for (name, data) in parameters { try store.set(name, data) }
    return store
  }

  func plan(
    mutableParameters: Bool = false, threads: Int = 1, fusing: Bool = true
  ) throws -> Plan {
    try Plan(
      graph, parameters: store(), mutableParameters: mutableParameters, options: EngineOptions(threads: threads),
      fusing: fusing)
  }

  func reference() throws -> [Tensor] {
    try Interpreter.run(
      graph, inputs: inputs.mapValues { try Tensor($0) }, parameters: parameters.mapValues { try Tensor($0) })
  }

  /// Expects the engine's results, in all its modes, to agree with the interpreter's to `tolerance` of their scale.
  func expectAgreement(
    _ tolerance: Double = 2e-6, _ what: String = "", sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let expected = try reference()
    for (mutable, fusing) in [(false, true), (true, true), (false, false)] {
      let plan = try plan(mutableParameters: mutable, fusing: fusing)
      // Twice, since a plan must not depend on what an earlier run left behind.
      for run in 1...2 {
        let results = try plan.run(inputs)
        #expect(results.count == expected.count, sourceLocation: sourceLocation)
        for (index, (result, reference)) in zip(results, expected).enumerated() {
          #expect(result.shape == reference.shape, "\(what)", sourceLocation: sourceLocation)
          let error = try difference(result, reference)
          #expect(
            error <= tolerance,
            "\(what) output \(index), run \(run), mutable \(mutable), fusing \(fusing): off by \(error)",
            sourceLocation: sourceLocation)
        }
      }
    }
  }
}

/// The largest difference relative to the reference's largest element (at least 1); NaN and infinities must agree.
func difference(_ result: TensorData, _ reference: Tensor) throws -> Double {
  let scale = max(1, reference.values.filter(\.isFinite).map(\.magnitude).max() ?? 1)
  var largest = 0.0
  for (a, b) in zip(try result.doubles(), reference.values) {
    if a.isNaN && b.isNaN || a == b { continue }
    let error = (a - b).magnitude / scale
    if !(error <= largest) { largest = error.isNaN ? .infinity : error }
  }
  return largest
}
