import KerasGraph
import Testing

/// Padding as measured on the original releases of Keras.
@Suite struct PaddingTests {
  private func resolved(
    _ padding: Padding, _ size: Int, _ kernel: Int, stride: Int = 1, dilation: Int = 1
  ) throws -> [Int] {
    let result = try padding.resolved(
      inputSpatial: [size], kernel: [kernel], strides: [stride], dilations: [dilation])
    return [result.before[0], result.after[0], result.output[0]]
  }

  @Test(arguments: [6, 7], [2, 3, 4, 5])
  func sameOfTensorFlow(size: Int, kernel: Int) throws {
    for stride in 1...3 {
      let output = (size + stride - 1) / stride
      let total = max((output - 1) * stride + kernel - size, 0)
      #expect(try resolved(.same, size, kernel, stride: stride) == [total / 2, total - total / 2, output])
    }
  }

  @Test(arguments: [6, 7], [2, 3, 4, 5])
  func sameOfTheanoStartsHalfAKernelBefore(size: Int, kernel: Int) throws {
    for stride in 1...3 {
      let found = try resolved(.sameTheano, size, kernel, stride: stride)
      #expect(found[0] == kernel / 2)
      #expect(found[2] == (size + stride - 1) / stride)
      let lastEnd = (found[2] - 1) * stride + kernel - kernel / 2
      #expect(found[1] == max(lastEnd - size, 0))
    }
  }

  @Test func dilatedSameOfTheanoCountsTheReach() throws {
    #expect(try resolved(.sameTheano, 6, 2, dilation: 2) == [1, 1, 6])
    #expect(try resolved(.sameTheano, 6, 3, dilation: 2) == [2, 2, 6])
  }

  @Test(arguments: [(2, 1), (3, 1), (4, 3), (5, 3)])
  func sameOfTheanosPooling(window: Int, before: Int) throws {
    for size in 5...7 {
      for stride in 1...3 {
        let found = try resolved(.samePoolTheano, size, window, stride: stride)
        #expect(found[0] == before)
        #expect(found[2] == (size + stride - 1) / stride)
      }
    }
  }

  @Test func validNeedsTheWholeWindow() throws {
    #expect(try resolved(.valid(1), 7, 3, stride: 2) == [0, 0, 3])
    #expect(try resolved(.valid(1), 8, 3, stride: 2) == [0, 0, 3])
    #expect(throws: GraphError.self) { try resolved(.valid(1), 2, 3) }
    #expect(try resolved(.explicit(before: [1], after: [0]), 2, 3) == [1, 0, 1])
  }

  @Test func senselessAttributesAreRefused() {
    #expect(throws: GraphError.self) { try resolved(.same, 5, 0) }
    #expect(throws: GraphError.self) { try resolved(.same, 5, 3, stride: 0) }
    #expect(throws: GraphError.self) { try resolved(.same, 5, .max, dilation: .max) }
    #expect(throws: GraphError.self) { try resolved(.explicit(before: [-1], after: [0]), 5, 3) }
    #expect(throws: GraphError.self) { try resolved(.explicit(before: [.max], after: [.max]), 5, 3) }
    #expect(throws: GraphError.self) { try resolved(.valid(2), 5, 3) }
  }
}
