import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct WindowTests {
  struct Case: Sendable {
    var x: [Int]
    var window: [Int]
    var strides: [Int]
    var padding: Padding
  }

  static let cases: [Case] = [
    Case(x: [2, 8, 9, 5], window: [2, 2], strides: [2, 2], padding: .valid(2)),
    Case(x: [2, 8, 9, 70], window: [3, 3], strides: [2, 2], padding: .same),
    Case(x: [1, 7, 7, 1], window: [3, 2], strides: [1, 2], padding: .same),
    Case(x: [1, 7, 7, 3], window: [3, 3], strides: [2, 2], padding: .samePoolTheano),
    Case(x: [1, 6, 6, 3], window: [2, 2], strides: [2, 2], padding: .samePoolTheano),
    Case(x: [3, 11, 4], window: [3], strides: [2], padding: .same),
    Case(x: [1, 4, 5, 6, 3], window: [2, 2, 3], strides: [2, 1, 2], padding: .same),
    Case(x: [1, 5, 5, 2], window: [3, 3], strides: [2, 2], padding: .explicit(before: [1, 1], after: [1, 1])),
  ]
  static let kinds: [Pooling.Kind] = [.maximum, .average(countsPadding: false), .average(countsPadding: true)]

  @Test(arguments: cases, kinds) func poolingAndItsGradient(of arguments: Case, kind: Pooling.Kind) throws {
    var comparison = EngineComparison()
    let pooling = Pooling(
      kind: kind, window: arguments.window, strides: arguments.strides, padding: arguments.padding)
    let x = try comparison.input(arguments.x)
    let y = try comparison.add(.pool(pooling), x)
    let gradient = try comparison.input(try #require(comparison.graph.shape(y).concrete))
    comparison.graph.outputs = [y, try comparison.add(.poolGradient(pooling), x, y, gradient)]
    try comparison.expectAgreement(2e-6, "\(arguments) \(kind)")
  }

  @Test func theGradientOfEqualMaximaGoesToTheFirst() throws {
    var comparison = EngineComparison()
    let pooling = Pooling(kind: .maximum, window: [2, 2], strides: [2, 2], padding: .valid(2))
    let x = try comparison.input([1, 2, 2, 1], [3, 3, 3, 3])
    let y = try comparison.add(.pool(pooling), x)
    let gradient = try comparison.input([1, 1, 1, 1], [5])
    comparison.graph.outputs = [try comparison.add(.poolGradient(pooling), x, y, gradient)]
    #expect(try comparison.plan().run(comparison.inputs)[0].floats() == [5, 0, 0, 0])
  }
}
