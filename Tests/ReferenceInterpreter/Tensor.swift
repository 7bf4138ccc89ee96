import KerasCore

/// A dense array of doubles in C order: what the interpreter computes with, whatever the graph's element types are.
public struct Tensor: Sendable, Equatable {
  public var shape: [Int]
  public var values: [Double]

  public init(_ shape: [Int], _ values: [Double]) {
    self.shape = shape
    self.values = values
  }

  public init(_ shape: [Int], filledWith value: Double) {
    self.init(shape, [Double](repeating: value, count: shape.reduce(1, *)))
  }

  public init(scalar value: Double) { self.init([], [value]) }

  public init(_ data: TensorData) throws { self.init(data.shape, try data.doubles()) }

  public var count: Int { values.count }

  /// The position of an index in C order.
  public func offset(_ index: [Int]) -> Int {
    var offset = 0
    for axis in shape.indices { offset = offset * shape[axis] + index[axis] }
    return offset
  }

  public subscript(index: [Int]) -> Double {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }

  /// Calls `body` with every index of a shape in C order.
  public static func forEachIndex(_ shape: [Int], _ body: ([Int]) throws -> Void) rethrows {
    guard !shape.contains(0) else { return }
    var index = [Int](repeating: 0, count: shape.count)
    while true {
      try body(index)
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// A tensor whose elements are a function of their index.
  public static func generate(_ shape: [Int], _ element: ([Int]) throws -> Double) rethrows -> Tensor {
    var values: [Double] = []
    values.reserveCapacity(shape.reduce(1, *))
    try forEachIndex(shape) { values.append(try element($0)) }
    return Tensor(shape, values)
  }

  /// Repeated along new axes and axes of 1, as numpy broadcasts.
  public func broadcast(to target: [Int]) -> Tensor {
    if shape == target { return self }
    let lead = target.count - shape.count
    return Tensor.generate(target) { index in
      self[shape.indices.map { shape[$0] == 1 ? 0 : index[lead + $0] }]
    }
  }
}
