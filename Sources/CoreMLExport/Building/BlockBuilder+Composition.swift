import KerasCore
import KerasExport
import KerasGraph

/// What several families of operations are composed of.
extension BlockBuilder {
  // MARK: Elementwise

  func unary(_ type: String, _ x: Tensor) -> Tensor { add(type, ["x": .tensor(x)], x.type) }

  /// a ∘ b with numpy's broadcasting; comparisons make bools.
  func binary(_ type: String, _ a: Tensor, _ b: Tensor) -> Tensor {
    let makesBools = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"].contains(type)
    let result = TensorType(makesBools ? .bool : a.dtype, a.shape.broadcast(b.shape))
    return add(type, ["x": .tensor(a), "y": .tensor(b)], result)
  }

  func binary(_ type: String, _ a: Tensor, _ b: Double) -> Tensor { binary(type, a, number(b, a.dtype)) }

  /// condition ? a : b.
  ///
  /// coremltools takes the result's shape from `a` and `b` alone, so that one of them is widened where the condition is
  /// wider than both.
  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let shape = condition.shape.broadcast(a.shape.broadcast(b.shape))
    var wide = a
    if a.shape.broadcast(b.shape) != shape {
      let zeros = binary("mul", cast(condition, to: .int32), 0)
      if a.dtype == .bool {
        wide = binary("logical_or", a, binary("not_equal", zeros, 0))
      } else {
        wide = binary("add", a, cast(zeros, to: a.dtype))
      }
    }
    return add("select", ["cond": .tensor(condition), "a": .tensor(wide), "b": .tensor(b)], TensorType(a.dtype, shape))
  }

  /// To a type that values have; to bool is a test for non-zero.
  func cast(_ x: Tensor, to dtype: DType) -> Tensor {
    if x.dtype == dtype { return x }
    if dtype == .bool { return binary("not_equal", x, 0) }
    let word = dtype == .float16 ? "fp16" : dtype == .float32 ? "fp32" : "int32"
    return add("cast", ["x": .tensor(x), "dtype": .text(word)], TensorType(dtype, x.shape))
  }

  // MARK: Layout

  func transpose(_ x: Tensor, _ permutation: [Int]) -> Tensor {
    add(
      "transpose", ["x": .tensor(x), "perm": .ints(permutation)],
      TensorType(x.dtype, Shape(permutation.map { x.shape[$0] })))
  }

  /// To a shape of which at most one size is unknown, or whose sizes are given.
  func reshape(_ x: Tensor, to shape: Shape, _ sizes: [Size]? = nil) -> Tensor {
    let target: Argument
    if let sizes, shape.dimensions.count(where: { $0 == nil }) > 1 {
      target = .tensor(vector(sizes))
    } else {
      target = .ints(shape.dimensions.map { $0 ?? -1 })
    }
    return add("reshape", ["x": .tensor(x), "shape": target], TensorType(x.dtype, shape))
  }

  func expand(_ x: Tensor, axes: [Int]) -> Tensor {
    var shape = x.shape.dimensions
    for axis in axes.sorted() { shape.insert(1, at: axis) }
    return add("expand_dims", ["x": .tensor(x), "axes": .ints(axes)], TensorType(x.dtype, Shape(shape)))
  }

  func squeeze(_ x: Tensor, axes: [Int]) -> Tensor {
    let kept = x.shape.dimensions.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
    return add("squeeze", ["x": .tensor(x), "axes": .ints(axes)], TensorType(x.dtype, Shape(kept)))
  }

  func concat(_ parts: [Tensor], axis: Int, _ shape: Shape) -> Tensor {
    if parts.count == 1 { return parts[0] }
    return add(
      "concat", ["values": .tensors(parts), "axis": .int(axis), "interleave": .bool(false)],
      TensorType(parts[0].dtype, shape))
  }

  /// A single number in every place of a shape.
  func filled(_ value: Tensor, _ shape: Shape, _ sizes: [Size]) -> Tensor {
    add("fill", ["shape": .tensor(vector(sizes)), "value": .tensor(value)], TensorType(value.dtype, shape))
  }

  /// x of the result's rank, repeated along axes of size 1 until it has that shape; `sizes` are the shape's.
  func broadcast(_ x: Tensor, to shape: Shape, _ sizes: [Size]) -> Tensor {
    var x = x
    if x.rank < shape.rank {
      x =
        x.rank == 0
        ? reshape(x, to: Shape([Int](repeating: 1, count: shape.rank)))
        : expand(x, axes: Array(0..<shape.rank - x.rank))
    }
    var repeats: [Size] = []
    for axis in 0..<shape.rank {
      if x.shape[axis] == 1 {
        repeats.append(sizes[axis])
      } else if x.shape[axis] == nil, sizes[axis] != size(x, axis: axis) {
        // One element or all of them: only the input's size tells.
        repeats.append(.computed(binary("floor_div", vector([sizes[axis]]), vector([size(x, axis: axis)]))))
      } else {
        repeats.append(.known(1))
      }
    }
    if repeats.allSatisfy({ $0 == .known(1) }) { return x }
    return add("tile", ["x": .tensor(x), "reps": .tensor(vector(repeats))], TensorType(x.dtype, shape))
  }
}
