import KerasCore
import Testing

@Suite struct TensorDataTests {
  @Test func `bytes that do not fill the shape are refused`() {
    #expect(throws: TensorDataError.self) { try TensorData(dtype: .float32, shape: [2, 2], bytes: [0, 0, 0]) }
    #expect(throws: TensorDataError.self) { try TensorData(dtype: .int8, shape: [-1], bytes: []) }
    #expect(throws: TensorDataError.self) { try TensorData(dtype: .int64, shape: [1 << 62, 4], bytes: []) }
    #expect(throws: TensorDataError.self) { try TensorData(shape: [2], strings: ["a"]) }
  }

  @Test func `a scalar has one element and an empty axis none`() throws {
    #expect(TensorData(1.5).elementCount == 1)
    #expect(try TensorData(shape: [0, 7], floats: []).elementCount == 0)
  }

  @Test func `conversions clamp and truncate as documented`() throws {
    let values = try TensorData(shape: [5], doubles: [-1.9, 1.9, 1e12, -.infinity, .nan])
    #expect(try values.int32s() == [-1, 1, .max, .min, 0])
    #expect(try values.converted(to: .uint8).bytes == [0, 1, 255, 0, 0])
    #expect(try values.converted(to: .bool).bytes == [1, 1, 1, 1, 1])
  }

  @Test func `64-bit integers keep all digits on the way to themselves`() throws {
    let values = try TensorData(shape: [2], int64s: [.max, .min])
    #expect(try values.converted(to: .int64) == values)
  }

  @Test func `strings are no numbers`() throws {
    let strings = try TensorData(shape: [1], strings: ["1"])
    #expect(throws: TensorDataError.self) { try strings.floats() }
    #expect(throws: TensorDataError.self) { try strings.converted(to: .float32) }
  }

  @Test func `every half survives the way to Float and back`() {
    for bits in UInt16.min...UInt16.max {
      let value = Float(halfBits: bits)
      if value.isNaN {
        #expect(value.halfBits & 0x7c00 == 0x7c00 && value.halfBits & 0x3ff != 0)
      } else if value.halfBits != bits {
        Issue.record("\(bits) comes back as \(value.halfBits)")
      }
    }
  }
}
