import KerasEngine
import KerasGraph
import Testing

/// Graphs of random structure, in which a mistake in fusion, order or memory planning shows as a wrong number.
@Suite struct RandomGraphTests {
  @Test(arguments: 1...60) func agreesWithTheInterpreter(seed: UInt64) throws {
    var comparison = EngineComparison(seed: seed)
    // Values of three shapes between which operations lead back and forth.
    var full = [try comparison.input([4, 6, 8]), try comparison.parameter([4, 6, 8])]
    var rows = [try comparison.input([8]), try comparison.parameter([8])]
    var columns = [try comparison.input([4, 6, 1])]
    func pick(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &comparison.numbers)] }
    for _ in 0..<40 {
      let (a, b) = (pick(full), pick(full))
      switch Int.random(in: 0..<14, using: &comparison.numbers) {
      case 0: full.append(try comparison.add(.unary(.tanh), a))
      case 1: full.append(try comparison.add(.unary(.sigmoid), try comparison.add(.binary(.add), a, b)))
      case 2: full.append(try comparison.add(.binary(.multiply), a, try comparison.add(.unary(.tanh), b)))
      case 3: full.append(try comparison.add(.binary(.subtract), a, pick(rows)))
      case 4: full.append(try comparison.add(.binary(.maximum), pick(columns), a))
      case 5: rows.append(try comparison.add(.reduce(.mean, axes: [0, 1], keepDimensions: false), a))
      case 6: columns.append(try comparison.add(.reduce(.maximum, axes: [2], keepDimensions: true), a))
      case 7:
        let swapped = try comparison.add(.transpose([1, 0, 2]), a)
        let back = try comparison.add(.unary(.relu), swapped)
        full.append(try comparison.add(.transpose([1, 0, 2]), back))
      case 8:
        let product = try comparison.add(
          .matmul(transposeA: false, transposeB: false), try comparison.add(.unary(.tanh), a),
          try comparison.parameter([8, 8]))
        full.append(try comparison.add(.unary(.tanh), try comparison.add(.binary(.add), product, pick(rows))))
      case 9:
        let product = try comparison.add(
          .matmul(transposeA: false, transposeB: false), try comparison.add(.unary(.tanh), a),
          try comparison.parameter([8, 8]))
        full.append(try comparison.add(.unary(.relu), try comparison.add(.binary(.add), b, product)))
        full.append(try comparison.add(.unary(.tanh), full[full.count - 1]))
      case 10:
        let flat = try comparison.add(.reshape([.fixed(24), .fixed(8)]), a)
        let soft = try comparison.add(.softmax(axis: 1), flat)
        full.append(try comparison.add(.reshape([.fixed(4), .fixed(6), .fixed(8)]), soft))
      case 11:
        let condition = try comparison.add(.compare(.greater), a, pick(columns))
        full.append(try comparison.add(.select, condition, a, b))
      case 12:
        let upper = try comparison.add(.slice(starts: [0, 0, 0], limits: [2, nil, nil], strides: [1, 1, 1]), a)
        let lower = try comparison.add(.slice(starts: [2, 0, 0], limits: [nil, nil, nil], strides: [1, 1, 1]), b)
        full.append(try comparison.add(.concatenate(axis: 0), lower, upper))
      default:
        rows.append(try comparison.add(.unary(.tanh), pick(rows)))
        columns.append(try comparison.add(.unary(.square), try comparison.add(.unary(.tanh), pick(columns))))
      }
    }
    let outputs = Int.random(in: 1...3, using: &comparison.numbers)
    comparison.graph.outputs = Array(full.suffix(1)) + (0..<outputs).map { _ in pick(full) } + [pick(rows)]
    try comparison.expectAgreement(2e-5, "seed \(seed)")
  }
}
