/// A tensor shape whose unknown dimensions (the batch, a free sequence length) are `nil`.
public struct Shape: Sendable, Hashable, CustomStringConvertible, ExpressibleByArrayLiteral {
  public var dimensions: [Int?]

  public init(_ dimensions: [Int?]) { self.dimensions = dimensions }
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }
  public init(arrayLiteral elements: Int?...) { self.dimensions = elements }

  public static let scalar = Shape([Int?]())

  public var rank: Int { dimensions.count }
  public subscript(axis: Int) -> Int? {
    get { dimensions[axis] }
    set { dimensions[axis] = newValue }
  }

  /// All dimensions, or `nil` if any is unknown.
  public var concrete: [Int]? {
    var known: [Int] = []
    known.reserveCapacity(dimensions.count)
    for dimension in dimensions {
      guard let dimension else { return nil }
      known.append(dimension)
    }
    return known
  }

  /// The number of elements, or `nil` if a dimension is unknown or the product overflows.
  public var elementCount: Int? { concrete.flatMap { checkedProduct($0) } }

  /// The axis counted from the front, or `nil` if it is out of range.
  public func resolvedAxis(_ axis: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return resolved >= 0 && resolved < rank ? resolved : nil
  }

  /// Whether a concrete shape can stand where this one is declared.
  public func accepts(_ other: [Int]) -> Bool {
    other.count == rank && zip(dimensions, other).allSatisfy { $0 == nil || $0 == $1 }
  }

  /// Python's tuple form, as Keras prints it: `(None, 28, 28, 1)`.
  public var description: String {
    let parts = dimensions.map { $0.map(String.init) ?? "None" }
    return parts.count == 1 ? "(\(parts[0]),)" : "(" + parts.joined(separator: ", ") + ")"
  }
}

/// The product of non-negative factors, or `nil` on overflow or a negative factor.
public func checkedProduct(_ factors: some Sequence<Int>) -> Int? {
  var product = 1
  for factor in factors {
    guard factor >= 0 else { return nil }
    let (value, overflow) = product.multipliedReportingOverflow(by: factor)
    if overflow { return nil }
    product = value
  }
  return product
}
