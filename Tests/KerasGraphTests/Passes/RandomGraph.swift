import KerasCore
import KerasGraph
import ReferenceInterpreter

/// A graph of randomly chosen operations such as layers and their gradients make, with data for it.
struct RandomGraph {
  private(set) var graph = Graph()
  private(set) var inputs: [String: Tensor] = [:]
  private(set) var parameters: [String: Tensor] = [:]
  private var generator: SplitMix
  private var pool: [Value] = []
  /// Chosen so that no two axes of a value agree by accident.
  private let sizes = [2, 5, 4, 3]

  init(seed: UInt64, operations: Int = 24) throws {
    generator = SplitMix(seed: seed)
    for index in 0..<2 {
      let name = "x\(index)"
      pool.append(graph.addInput(name, TensorType(.float32, [nil, 5, 4, 3])))
      inputs[name] = .random(sizes, seed: seed &* 7 &+ UInt64(index))
    }
    for _ in 0..<operations { pool.append(try next()) }
    graph.outputs = [pool[pool.count - 1], pool[pool.count - 2], pick()]
  }

  private mutating func pick() -> Value { pool[Int(generator.next() % UInt64(pool.count))] }
  private mutating func chance(_ n: UInt64) -> Int { Int(generator.next() % n) }

  private mutating func parameter(_ shape: [Int], in range: ClosedRange<Double> = -1...1) -> Value {
    let name = "p\(parameters.count)"
    let values = Tensor.random(shape, seed: generator.next(), in: range)
    parameters[name] = Tensor(shape, values.values.map { Double(Float($0)) })
    return graph.addParameter(name, TensorType(.float32, Shape(shape)))
  }

  private mutating func add(_ op: Op, _ operands: Value...) throws -> Value { try graph.add(op, operands)[0] }

  /// One more value; those of four axes keep (batch, 5, 4, 3), or have it after every detour.
  private mutating func next() throws -> Value {
    let x = pick()
    switch chance(14) {
    case 0: return try add(.unary([.tanh, .relu, .negate, .sigmoid, .absolute][chance(5)]), x)
    case 1:
      let number = graph.addConstant(TensorData([0, 1, 2, -0.5][chance(4)]))
      return try add(.binary([.add, .subtract, .multiply][chance(3)]), x, number)
    case 2: return try add(.binary([.add, .subtract, .multiply, .maximum][chance(4)]), x, pick())
    case 3: return try normalized(x)
    case 4:
      let vector = parameter([3])
      return chance(2) == 0
        ? try add(.binary(.subtract), vector, x) : try add(.binary(.multiply), x, vector)
    case 5: return try channelsFirst(x)
    case 6:
      let flat = try add(.reshape([.ofOperand(0, axis: 0), .inferred]), x)
      let parts = try add(.reshape([.ofOperand(0, axis: 0), .fixed(20), .fixed(3)]), flat)
      return try add(.reshape([.ofOperand(0, axis: 0), .fixed(5), .fixed(4), .inferred]), parts)
    case 7, 8: return try convolved(x)
    case 9:
      let product = try add(.matmul(transposeA: false, transposeB: chance(2) == 0), x, parameter([3, 3]))
      return chance(2) == 0 ? try normalized(product) : product
    case 10:
      let whole = try add(.slice(starts: [0, 0, 0, 0], limits: [nil, 5, nil, nil], strides: [1, 1, 1, 1]), x)
      return try add(.cast(.float32), whole)
    case 11:
      let mean = try add(.reduce(.mean, axes: [1, 2], keepDimensions: true), x)
      return try add(.binary(.multiply), x, mean)
    case 12:
      let isPositive = try add(.compare(.greater), x, graph.addConstant(TensorData(0)))
      return try add(.select, isPositive, x, pick())
    default:
      let both = try add(.concatenate(axis: 3), x, pick())
      return try add(.slice(starts: [0, 0, 0, 2], limits: [nil, nil, nil, -1], strides: [1, 1, 1, 1]), both)
    }
  }

  /// As an inference-time BatchNormalization is lowered.
  private mutating func normalized(_ x: Value) throws -> Value {
    let epsilon = graph.addConstant(TensorData(0.001))
    let variance = try add(.binary(.add), parameter([3], in: 0.5...2), epsilon)
    let scale = try add(.binary(.multiply), try add(.unary(.reciprocalSquareRoot), variance), parameter([3]))
    let centered = try add(.binary(.subtract), x, parameter([3]))
    return try add(.binary(.add), try add(.binary(.multiply), centered, scale), parameter([3]))
  }

  private mutating func convolved(_ x: Value) throws -> Value {
    let paddings: [Padding] = [.same, .sameTheano, .explicit(before: [1, 1], after: [1, 1])]
    let convolution = Convolution(
      strides: [1, 1], padding: paddings[chance(3)], dilations: [1, 1], groups: chance(2) == 0 ? 1 : 3)
    let kernel = parameter([3, 3, 3 / convolution.groups, 3])
    if chance(3) == 0 {
      let padded = try add(.pad(before: [0, 1, 1, 0], after: [0, 1, 1, 0], value: 0), try normalized(x))
      var unpadded = convolution
      unpadded.padding = .valid(2)
      return try add(.convolution(unpadded), padded, kernel)
    }
    let result = try add(.convolution(convolution), x, kernel)
    return chance(2) == 0 ? try normalized(result) : result
  }

  /// As channels_first layers transpose out of and back into channels-last.
  private mutating func channelsFirst(_ x: Value) throws -> Value {
    let (toFront, toBack) = ([0, 3, 1, 2], [0, 2, 3, 1])
    var y = try add(.transpose(toFront), x)
    for _ in 0..<chance(3) {
      switch chance(4) {
      case 0: y = try add(.unary(.relu), y)
      case 1: y = try add(.binary(.multiply), y, parameter([3, 1, 1]))
      case 2:
        let inner = try convolved(try add(.transpose(toBack), y))
        y = try add(.transpose(toFront), inner)
      default: y = try add(.softmax(axis: 1), y)
      }
    }
    return try add(.transpose(toBack), y)
  }
}
