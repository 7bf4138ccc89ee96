import KerasGraph

extension Interpreter {
  static func transpose(_ x: Tensor, _ permutation: [Int], _ shape: [Int]) -> Tensor {
    Tensor.generate(shape) { index in
      var source = index
      for (result, operand) in permutation.enumerated() { source[operand] = index[result] }
      return x[source]
    }
  }

  static func concatenate(_ operands: [Tensor], _ axis: Int, _ shape: [Int]) -> Tensor {
    Tensor.generate(shape) { index in
      var source = index
      var part = 0
      while source[axis] >= operands[part].shape[axis] {
        source[axis] -= operands[part].shape[axis]
        part += 1
      }
      return operands[part][source]
    }
  }

  static func slice(
    _ x: Tensor, _ starts: [Int], _ limits: [Int?], _ strides: [Int], _ shape: [Int]
  ) -> Tensor {
    Tensor.generate(shape) { x[sliced($0, starts, strides, of: x.shape)] }
  }

  static func sliceGradient(
    _ gradient: Tensor, _ starts: [Int], _ limits: [Int?], _ strides: [Int], _ shape: [Int]
  ) -> Tensor {
    var result = Tensor(shape, filledWith: 0)
    Tensor.forEachIndex(gradient.shape) { result[sliced($0, starts, strides, of: shape)] = gradient[$0] }
    return result
  }

  /// Where an element of a slice lies in the whole.
  private static func sliced(_ index: [Int], _ starts: [Int], _ strides: [Int], of shape: [Int]) -> [Int] {
    shape.indices.map { (starts[$0] < 0 ? starts[$0] + shape[$0] : starts[$0]) + index[$0] * strides[$0] }
  }

  static func pad(_ x: Tensor, _ before: [Int], _ value: Double, _ shape: [Int]) -> Tensor {
    Tensor.generate(shape) { index in
      let source = index.indices.map { index[$0] - before[$0] }
      let isInside = source.indices.allSatisfy { source[$0] >= 0 && source[$0] < x.shape[$0] }
      return isInside ? x[source] : value
    }
  }

  static func reverse(_ x: Tensor, _ axes: [Int]) -> Tensor {
    Tensor.generate(x.shape) { index in
      x[index.indices.map { axes.contains($0) ? x.shape[$0] - 1 - index[$0] : index[$0] }]
    }
  }

  static func gatherRows(table: Tensor, indices: Tensor, _ shape: [Int]) throws -> Tensor {
    let rank = indices.shape.count
    return try Tensor.generate(shape) { index in
      table[[try row(indices[Array(index[..<rank])], of: table.shape)] + index[rank...]]
    }
  }

  static func scatterAddRows(gradient: Tensor, indices: Tensor, _ shape: [Int]) throws -> Tensor {
    let rank = indices.shape.count
    var result = Tensor(shape, filledWith: 0)
    try Tensor.forEachIndex(gradient.shape) { index in
      let target = [try row(indices[Array(index[..<rank])], of: shape)] + index[rank...]
      result[target] += gradient[index]
    }
    return result
  }

  private static func row(_ index: Double, of shape: [Int]) throws -> Int {
    guard index >= 0, index < Double(shape[0]) else {
      throw InterpreterError.indexOutOfRange(Int(index), rows: shape[0])
    }
    return Int(index)
  }
}
