import KerasCore
import KerasExport
import KerasGraph

/// An axis of a shape that is computed when the caller's shapes are known.
enum AxisSize: Hashable {
  case fixed(Int)
  case of(Tensor, axis: Int)
  /// What remains; at most once, of reshapes only.
  case rest
}

/// What several families of ops are composed of.
extension SubgraphBuilder {
  // MARK: Elementwise

  func unary(_ code: BuiltinOperator, _ x: Tensor, _ options: OperatorOptions? = nil) -> Tensor {
    add(code, [x], type(x), options)
  }

  /// a ∘ b with numpy's broadcasting.
  func binary(
    _ code: BuiltinOperator, _ a: Tensor, _ b: Tensor, activation: FusedActivation = .none
  ) -> Tensor {
    let result: DType =
      switch code {
      case .less, .greater, .greaterEqual, .lessEqual, .equal, .notEqual: .bool
      default: dtype(a)
      }
    let options = OperatorOptions.arithmetic(code, activation)
    return broadcasting([a, b]) { operands, shape in
      add(code, operands, TensorType(result, shape), options.type == 0 ? nil : options)
    }
  }

  func binary(_ code: BuiltinOperator, _ a: Tensor, _ b: Float) -> Tensor { binary(code, a, scalar(b, like: a)) }

  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    broadcasting([condition, a, b]) { operands, shape in
      add(.selectV2, operands, TensorType(dtype(a), shape))
    }
  }

  func cast(_ x: Tensor, to dtype: DType) -> Tensor {
    if self.dtype(x) == dtype { return x }
    let types = (ElementType(self.dtype(x)), ElementType(dtype))
    return add(.cast, [x], TensorType(dtype, shape(x)), .cast(from: types.0, to: types.1))
  }

  /// Zeros in the shape of a tensor, whatever it holds, whose size follows the tensor's without being computed.
  func zeros(like x: Tensor, _ dtype: DType) -> Tensor {
    let source = self.dtype(x) == .float32 ? x : cast(x, to: .float32)
    return cast(binary(.greater, source, .infinity), to: dtype)
  }

  // MARK: Layout

  /// x in another shape; of `axes` at most one needs to be computed if the result's other sizes are known.
  func reshape(_ x: Tensor, to result: Shape, _ axes: [AxisSize]) -> Tensor {
    if shape(x) == result, result.concrete != nil { return x }
    let open = result.dimensions.count(where: { $0 == nil })
    let target =
      open <= 1
      ? int32s(result.dimensions.map { $0 ?? -1 })
      : shapeTensor(axes.enumerated().map { index, axis in result[index].map { .fixed($0) } ?? axis })
    return add(.reshape, [x, target], TensorType(dtype(x), result))
  }

  /// x in a shape whose unknown axes are those of x in the same order.
  func reshape(_ x: Tensor, to result: Shape) -> Tensor {
    let unknown = shape(x).dimensions.indices.filter { shape(x)[$0] == nil }
    var next = 0
    let axes = result.dimensions.map { size -> AxisSize in
      if let size { return .fixed(size) }
      defer { next += 1 }
      return next < unknown.count ? .of(x, axis: unknown[next]) : .rest
    }
    return reshape(x, to: result, axes)
  }

  /// Sizes as a tensor of one axis.
  func shapeTensor(_ axes: [AxisSize]) -> Tensor {
    var parts: [Tensor] = []
    var known: [Int] = []
    func flush() {
      if !known.isEmpty { parts.append(int32s(known)) }
      known = []
    }
    for axis in axes {
      switch axis {
      case .fixed(let size): known.append(size)
      case .rest: known.append(-1)
      case .of(let tensor, let axis):
        if let size = shape(tensor)[axis] {
          known.append(size)
        } else {
          flush()
          parts.append(size(of: tensor, axis: axis))
        }
      }
    }
    flush()
    if parts.count == 1 { return parts[0] }
    return add(.concatenation, parts, TensorType(.int32, [axes.count]), .concatenation(axis: 0))
  }

  /// The size of an axis, of shape (1).
  func size(of tensor: Tensor, axis: Int) -> Tensor {
    let sizes = add(.shape, [tensor], TensorType(.int32, [shape(tensor).rank]), .shape())
    return add(
      .stridedSlice, [sizes, int32s([axis]), int32s([axis + 1]), int32s([1])], TensorType(.int32, [1]),
      .stridedSlice(beginMask: 0, endMask: 0, shrinkMask: 0))
  }

  /// x repeated to a shape; unknown axes that x has itself follow it, others are computed by `axes`.
  func broadcast(_ x: Tensor, to result: Shape, _ axes: [AxisSize]) -> Tensor {
    if let sizes = result.concrete {
      return sizes == shape(x).concrete ? x : add(.broadcastTo, [x, int32s(sizes)], TensorType(dtype(x), result))
    }
    let lead = result.rank - shape(x).rank
    func isOwn(_ axis: Int) -> Bool { axis >= lead && shape(x)[axis - lead] == nil }
    let foreign = result.dimensions.indices.filter { result[$0] == nil && !isOwn($0) }
    guard result.rank <= 4 else {
      let sizes = result.dimensions.indices.map { axis -> AxisSize in
        if let size = result[axis] { return .fixed(size) }
        if case .of = axes[axis] { return axes[axis] }
        return isOwn(axis) ? .of(x, axis: axis - lead) : .rest
      }
      return add(.broadcastTo, [x, shapeTensor(sizes)], TensorType(dtype(x), result))
    }
    // Sizes that follow from operands need no computing: plans are then made before the first run.
    let isBool = dtype(x) == .bool
    var repeated = isBool ? cast(x, to: .int32) : x
    let known = result.dimensions.map { $0 ?? 1 }
    if Shape(known).dimensions != shape(x).dimensions, known.contains(where: { $0 != 1 }) {
      repeated = binary(.mul, repeated, ones(known, like: repeated))
    }
    for axis in foreign {
      guard case .of(let source, let sourceAxis) = axes[axis] else { continue }
      let rank = shape(source).rank
      let line = slice(
        source, starts: Array(repeating: 0, count: rank),
        limits: (0..<rank).map { $0 == sourceAxis ? nil : 1 }, strides: Array(repeating: 1, count: rank))
      var form = [Int?](repeating: 1, count: result.rank)
      form[axis] = nil
      repeated = binary(.add, repeated, reshape(zeros(like: line, dtype(repeated)), to: Shape(form)))
    }
    return isBool ? cast(repeated, to: .bool) : repeated
  }

  private func ones(_ shape: [Int], like x: Tensor) -> Tensor {
    let count = shape.reduce(1, *)
    if dtype(x) == .float32 { return floats([Float](repeating: 1, count: count), shape: shape) }
    return int32s([Int](repeating: 1, count: count), shape: shape)
  }

  func transpose(_ x: Tensor, _ permutation: [Int]) -> Tensor {
    if permutation == Array(permutation.indices) { return x }
    return add(
      .transpose, [x, int32s(permutation)], TensorType(dtype(x), Shape(permutation.map { shape(x)[$0] })))
  }

  /// As `Op.slice`.
  func slice(_ x: Tensor, starts: [Int], limits: [Int?], strides: [Int]) -> Tensor {
    let source = shape(x)
    var sizes: [Int?] = []
    var (beginMask, endMask) = (0, 0)
    for axis in 0..<source.rank {
      if starts[axis] == 0 { beginMask |= 1 << axis }
      if limits[axis] == nil { endMask |= 1 << axis }
      if let size = source[axis] {
        let start = starts[axis] < 0 ? max(size + starts[axis], 0) : min(starts[axis], size)
        let limit = limits[axis].map { $0 < 0 ? max(size + $0, 0) : min($0, size) } ?? size
        sizes.append(max(0, (limit - start + strides[axis] - 1) / strides[axis]))
      } else if let limit = limits[axis], starts[axis] >= 0, limit >= 0, limit - starts[axis] <= 1 {
        sizes.append(max(0, (limit - starts[axis] + strides[axis] - 1) / strides[axis]))
      } else {
        sizes.append(nil)
      }
    }
    let operands = [x, int32s(starts), int32s(limits.map { $0 ?? 0 }), int32s(strides)]
    return add(
      .stridedSlice, operands, TensorType(dtype(x), Shape(sizes)),
      .stridedSlice(beginMask: beginMask, endMask: endMask, shrinkMask: 0))
  }

  func pad(_ x: Tensor, before: [Int], after: [Int], value: Float = 0) -> Tensor {
    if before.allSatisfy({ $0 == 0 }), after.allSatisfy({ $0 == 0 }) { return x }
    let source = shape(x)
    let sizes = source.dimensions.indices.map { axis in source[axis].map { $0 + before[axis] + after[axis] } }
    let amounts = int32s(zip(before, after).flatMap { [$0, $1] }, shape: [source.rank, 2])
    let result = TensorType(dtype(x), Shape(sizes))
    return value == 0
      ? add(.pad, [x, amounts], result) : add(.padV2, [x, amounts, scalar(value, like: x)], result)
  }

  // MARK: Reductions

  func reduce(_ code: BuiltinOperator, _ x: Tensor, axes: [Int], keepsDimensions: Bool) -> Tensor {
    let source = shape(x)
    let sizes = source.dimensions.indices.compactMap { axis -> Int?? in
      axes.contains(axis) ? (keepsDimensions ? .some(1) : nil) : .some(source[axis])
    }
    return add(
      code, [x, int32s(axes)], TensorType(dtype(x), Shape(sizes)), .reducer(keepsDimensions: keepsDimensions))
  }
}

extension SubgraphBuilder {
  /// The tensor, or a copy of one that others read too.
  func unshared(_ x: Tensor) -> Tensor { shared.contains(x) && !isConstant(x) ? copy(x) : x }

  /// The same values in a tensor of its own.
  func copy(_ x: Tensor) -> Tensor {
    let rank = shape(x).rank
    guard rank > 0 else { return add(.reshape, [x, int32s([])], type(x)) }
    return add(
      .stridedSlice,
      [
        x, int32s(Array(repeating: 0, count: rank)), int32s(Array(repeating: 0, count: rank)),
        int32s(Array(repeating: 1, count: rank)),
      ], type(x),
      .stridedSlice(beginMask: (1 << rank) - 1, endMask: (1 << rank) - 1, shrinkMask: 0))
  }
}
