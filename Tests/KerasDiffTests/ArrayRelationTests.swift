import KerasCore
import KerasDiff
import Testing

@Suite struct ArrayRelationTests {
  private static func numbers(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(state >> 40)) / Float(1 << 23) - 1
    }
  }

  private static func relation(_ shape: [Int], _ a: [Float], _ b: [Float], _ other: [Int]? = nil) throws
    -> ArrayRelation
  {
    try .between(TensorData(shape: shape, floats: a), TensorData(shape: other ?? shape, floats: b))
  }

  private let values = numbers(2 * 3 * 4 * 5)

  @Test func equalNumbersAreEqualInAnyType() throws {
    #expect(try Self.relation([6, 20], values, values) == .equal)
    let doubles = try TensorData(shape: [120], doubles: values.map(Double.init))
    #expect(try ArrayRelation.between(TensorData(shape: [120], floats: values), doubles) == .equal)
  }

  @Test func oneUnitInTheLastPlaceIsRounding() throws {
    let relation = try Self.relation([120], values, values.map { $0.nextUp })
    guard case .withinRounding(let largest) = relation else { return #expect(Bool(false), "\(relation)") }
    #expect(largest > 0 && largest < 1e-7)
    #expect(relation.isSame)
  }

  @Test func smallerTypesAreTold() throws {
    let bfloats = values.map { Float(bitPattern: UInt32($0.bfloat16Bits) << 16) }
    #expect(try Self.relation([120], values, bfloats) == .rounded(to: "bfloat16"))
    let halves = values.map { Float(halfBits: $0.halfBits) }
    #expect(try Self.relation([120], halves, values) == .rounded(to: "float16"))
  }

  @Test func stepsOfA127thAreQuantized() throws {
    var (coarse, stored) = (values, [UInt8](repeating: 0, count: 120))
    for column in 0..<5 {
      let places = stride(from: column, to: 120, by: 5)
      let step = (places.map { values[$0].magnitude }.max() ?? 0) / 127
      for place in places {
        let level = (values[place] / step).rounded()
        coarse[place] = level * step
        stored[place] = UInt8(bitPattern: Int8(level))
      }
    }
    #expect(try Self.relation([24, 5], values, coarse) == .quantized)
    let bytes = try TensorData(dtype: .int8, shape: [24, 5], bytes: stored)
    #expect(try ArrayRelation.between(TensorData(shape: [24, 5], floats: values), bytes) == .quantized)
  }

  @Test func everyOrderOfAxesIsFound() throws {
    // b[c, h, w] = a[h, w, c]
    var moved: [Float] = []
    for c in 0..<20 {
      for place in 0..<6 { moved.append(values[place * 20 + c]) }
    }
    #expect(try Self.relation([2, 3, 20], values, moved, [20, 2, 3]) == .transposed([2, 0, 1]))
    var square: [Float] = []
    for i in 0..<5 { for j in 0..<5 { square.append(values[j * 5 + i]) } }
    #expect(try Self.relation([5, 5], Array(values.prefix(25)), square) == .transposed([1, 0]))
  }

  @Test func flippedKernelsAreRotated() throws {
    var flipped: [Float] = []
    for h in 0..<2 {
      for w in 0..<3 {
        let start = ((1 - h) * 3 + 2 - w) * 20
        flipped += values[start..<start + 20]
      }
    }
    #expect(try Self.relation([2, 3, 4, 5], values, flipped) == .rotated)
  }

  @Test func rowsInTheOtherFlattenOrderAreTold() throws {
    // 24 rows of (2, 3, 4) places and channels, to (4, 2, 3).
    var rows: [Float] = []
    for c in 0..<4 {
      for place in 0..<6 {
        let start = (place * 4 + c) * 5
        rows += values[start..<start + 5]
      }
    }
    let relation = try Self.relation([24, 5], values, rows)
    guard case .flattenOrder(let channels) = relation else { return #expect(Bool(false), "\(relation)") }
    #expect(channels == 4)
  }

  @Test func unitsInAnotherOrderArePermuted() throws {
    let (rows, columns) = ([3, 0, 2, 1, 5, 4], [1, 0, 2, 4, 3])
    var columnsOnly: [Float] = []
    var both: [Float] = []
    for i in 0..<6 {
      for j in 0..<5 {
        columnsOnly.append(values[i * 5 + columns[j]])
        both.append(values[rows[i] * 5 + columns[j]])
      }
    }
    #expect(try Self.relation([6, 5], Array(values.prefix(30)), columnsOnly) == .permuted(axes: [1]))
    #expect(try Self.relation([6, 5], Array(values.prefix(30)), both) == .permuted(axes: [0, 1]))
  }

  @Test func factorsAreFound() throws {
    guard case .scaled(let factor) = try Self.relation([120], values, values.map { $0 * 0.9 }) else {
      return #expect(Bool(false), "not scaled")
    }
    #expect((factor - 0.9).magnitude < 1e-6)
  }

  @Test func trainingIsToldFromChance() throws {
    let noise = Self.numbers(120, seed: 99)
    let near = zip(values, noise).map { $0 + 0.05 * $1 }
    guard case .trained(let distance, let cosine) = try Self.relation([120], values, near) else {
      return #expect(Bool(false), "not trained")
    }
    #expect(distance < 0.1 && cosine > 0.99)
    guard case .unrelated = try Self.relation([120], values, noise) else {
      return #expect(Bool(false), "not unrelated")
    }
  }

  @Test func shapesAreTold() throws {
    #expect(try Self.relation([6, 20], values, values, [120]) == .reshaped)
    #expect(try Self.relation([6, 20], values, Self.numbers(60), [60]) == .otherShape)
    #expect(try Self.relation([6, 20], values, Self.numbers(120, seed: 5), [20, 6]) == .otherShape)
  }
}
