import KerasGraph

/// An activation of Keras that takes several primitive ops.
enum ComposedActivation: String, Sendable, CaseIterable {
  case selu, softsign, mish, glu, sparsemax, squareplus
  case hardSilu = "hard_silu"
  case hardShrink = "hard_shrink"
  case softShrink = "soft_shrink"
  case tanhShrink = "tanh_shrink"
  case sparsePlus = "sparse_plus"
  case logSigmoid = "log_sigmoid"
  case logSoftmax = "log_softmax"

  func apply(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let last = context.shape(x).rank - 1
    switch self {
    case .selu:
      let elu = try context.op(.unary(.elu(alpha: 1.673_263_242_354_377_2)), x)
      return try context.scaled(elu, by: 1.050_700_987_355_480_5)
    case .softsign:
      let magnitude = try context.op(.unary(.absolute), x)
      return try context.op(.binary(.divide), x, context.shifted(magnitude, by: 1))
    case .mish:
      let softplus = try context.op(.unary(.softplus), x)
      return try context.op(.binary(.multiply), x, context.op(.unary(.tanh), softplus))
    case .glu:
      guard let size = context.shape(x)[last], size % 2 == 0 else {
        throw ModelError(.inputShape(expected: "an even last dimension for glu", found: context.shape(x)))
      }
      let value = try context.sliced(x, axis: last, from: 0, to: size / 2)
      let gate = try context.sliced(x, axis: last, from: size / 2, to: size)
      return try context.op(.binary(.multiply), value, context.op(.unary(.sigmoid), gate))
    case .sparsemax: return try BackendFunction.sparsemax(x, axis: last, &context)
    case .squareplus:
      let root = try context.op(.unary(.squareRoot), context.shifted(context.op(.unary(.square), x), by: 4))
      return try context.scaled(context.op(.binary(.add), x, root), by: 0.5)
    case .hardSilu:
      return try context.op(.binary(.multiply), x, context.op(.unary(.hardSigmoid(scale: 1 / 6, offset: 0.5)), x))
    case .hardShrink:
      let isLarge = try context.op(
        .compare(.greater), context.op(.unary(.absolute), x), context.constant(0.5))
      return try context.op(.select, isLarge, x, context.constant(0))
    case .softShrink:
      // x less its part inside the band.
      return try context.op(.binary(.subtract), x, context.op(.unary(.clip(minimum: -0.5, maximum: 0.5)), x))
    case .tanhShrink: return try context.op(.binary(.subtract), x, context.op(.unary(.tanh), x))
    case .sparsePlus:
      let clipped = try context.shifted(context.op(.unary(.clip(minimum: -1, maximum: 1)), x), by: 1)
      let curve = try context.scaled(context.op(.unary(.square), clipped), by: 0.25)
      return try context.op(.binary(.maximum), curve, x)
    case .logSigmoid:
      return try context.op(
        .unary(.negate), context.op(.unary(.softplus), context.op(.unary(.negate), x)))
    case .logSoftmax: return try context.op(.logSoftmax(axis: last), x)
    }
  }
}
