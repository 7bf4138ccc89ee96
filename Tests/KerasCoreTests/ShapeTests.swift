import KerasCore
import Testing

@Suite struct ShapeTests {
  @Test func `shapes are written as Python tuples`() {
    #expect(Shape([nil, 28, 28, 1]).description == "(None, 28, 28, 1)")
    #expect(Shape([nil]).description == "(None,)")
    #expect(Shape.scalar.description == "()")
  }

  @Test func `products that overflow or contain negative factors have no value`() {
    #expect(checkedProduct([3, 4, 5]) == 60)
    #expect(checkedProduct([Int]()) == 1)
    #expect(checkedProduct([Int.max, 2]) == nil)
    #expect(checkedProduct([-1, 2]) == nil)
    #expect(Shape([nil, 3]).elementCount == nil)
  }

  @Test func `a free dimension accepts any size, a fixed one only itself`() {
    #expect(Shape([nil, 3]).accepts([17, 3]))
    #expect(!Shape([nil, 3]).accepts([17, 4]))
    #expect(!Shape([nil, 3]).accepts([17]))
  }

  @Test func `axes count from both ends`() {
    let shape = Shape([nil, 3, 4])
    #expect(shape.resolvedAxis(-1) == 2)
    #expect(shape.resolvedAxis(0) == 0)
    #expect(shape.resolvedAxis(3) == nil)
    #expect(shape.resolvedAxis(-4) == nil)
  }
}
