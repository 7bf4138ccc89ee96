import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct LayoutTests {
  @Test(arguments: [
    [0, 1, 2, 3], [0, 2, 3, 1], [0, 3, 1, 2], [3, 2, 1, 0], [1, 0, 2, 3], [0, 1, 3, 2], [2, 3, 0, 1],
  ])
  func transpositions(permutation: [Int]) throws {
    for shape in [[2, 3, 4, 5], [1, 17, 19, 33], [2, 1, 5, 1]] {
      var comparison = EngineComparison()
      let x = try comparison.input(shape)
      comparison.graph.outputs = [try comparison.add(.transpose(permutation), x)]
      try comparison.expectAgreement(0, "\(shape) \(permutation)")
    }
  }

  @Test func concatenations() throws {
    for axis in 0..<3 {
      var comparison = EngineComparison()
      var shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
      shapes[1][axis] = 5
      shapes[2][axis] = 1
      let values = try shapes.map { try comparison.input($0) }
      comparison.graph.outputs = [
        try comparison.graph.add(.concatenate(axis: axis), values)[0],
        try comparison.graph.add(.concatenate(axis: axis), [values[1]])[0],
      ]
      try comparison.expectAgreement(0)
    }
  }

  @Test func slicesAndTheirGradients() throws {
    let cases: [([Int], [Int?], [Int])] = [
      ([0, 0, 0], [nil, nil, nil], [1, 1, 1]), ([1, 2, 0], [3, nil, -1], [1, 1, 1]),
      ([-2, 0, 1], [nil, 5, 6], [1, 2, 3]),
    ]
    for (starts, limits, strides) in cases {
      var comparison = EngineComparison()
      let x = try comparison.input([4, 6, 7])
      let y = try comparison.add(.slice(starts: starts, limits: limits, strides: strides), x)
      let doubled = try comparison.add(.binary(.add), y, y)
      comparison.graph.outputs = [
        y, try comparison.add(.sliceGradient(starts: starts, limits: limits, strides: strides), doubled, x),
      ]
      try comparison.expectAgreement(0)
    }
  }

  @Test func paddingReversalBroadcastAndReshape() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([2, 3, 4])
    let i = try comparison.intInput([2, 3], in: -3...3)
    comparison.graph.outputs = [
      try comparison.add(.pad(before: [0, 1, 2], after: [1, 0, 3], value: 0.5), x),
      try comparison.add(.pad(before: [0, 0, 0], after: [0, 0, 0], value: 0.5), x),
      try comparison.add(.pad(before: [1, 0], after: [0, 2], value: 7), i),
      try comparison.add(.reverse(axes: [0]), x), try comparison.add(.reverse(axes: [1, 2]), x),
      try comparison.add(.broadcast([.fixed(5), .fixed(2), .ofOperand(0, axis: 1), .fixed(4)]), x),
      try comparison.add(.reshape([.fixed(6), .inferred]), x),
      try comparison.add(.reverse(axes: [1]), i),
    ]
    try comparison.expectAgreement(0)
  }

  @Test func shapesAsValues() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([2, 3, 4])
    comparison.graph.outputs = [
      try comparison.add(.iota(axis: 1), x), try comparison.add(.dimension(axis: 2, .int32), x),
      try comparison.add(.dimension(axis: 1, .float32), x),
    ]
    try comparison.expectAgreement(0)
  }

  @Test func gathersAndScatters() throws {
    var comparison = EngineComparison()
    let table = try comparison.parameter([9, 5])
    let indices = try comparison.intInput([4, 6], in: 0...8)
    let rows = try comparison.add(.gatherRows, table, indices)
    let gradient = try comparison.input([4, 6, 5])
    comparison.graph.outputs = [rows, try comparison.add(.scatterAddRows, gradient, indices, table)]
    try comparison.expectAgreement(1e-6)
  }

  @Test func valuesWithoutElements() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([0, 3])
    let w = try comparison.parameter([3, 4])
    let y = try comparison.add(.matmul(transposeA: false, transposeB: false), x, w)
    comparison.graph.outputs = [
      try comparison.add(.unary(.relu), y), try comparison.add(.reduce(.sum, axes: [0], keepDimensions: false), y),
      try comparison.add(.concatenate(axis: 0), x, x), try comparison.add(.softmax(axis: 1), y),
    ]
    try comparison.expectAgreement(0)
  }
}
