import COneDNN
import KerasGraph

extension Unary {
  /// oneDNN's elementwise operations that give this function to float accuracy; `nil` if there are none.
  var postOperation: [PostOperation]? {
    switch self {
    case .relu: [.elementwise(dnnl_eltwise_relu, alpha: 0, beta: 0)]
    case .leakyRelu(let slope): [.elementwise(dnnl_eltwise_relu, alpha: slope, beta: 0)]
    case .clip(let minimum, let maximum): [.elementwise(dnnl_eltwise_clip, alpha: minimum, beta: maximum)]
    case .hardSigmoid(let scale, let offset):
      [
        .elementwise(dnnl_eltwise_linear, alpha: scale, beta: offset),
        .elementwise(dnnl_eltwise_clip, alpha: 0, beta: 1),
      ]
    case .sigmoid: [.elementwise(dnnl_eltwise_logistic, alpha: 0, beta: 0)]
    case .silu: [.elementwise(dnnl_eltwise_swish, alpha: 1, beta: 0)]
    case .absolute: [.elementwise(dnnl_eltwise_abs, alpha: 0, beta: 0)]
    case .square: [.elementwise(dnnl_eltwise_square, alpha: 0, beta: 0)]
    default: nil
    }
  }
}
