import KerasCore
import KerasGraph

/// How a convolution or pooling treats borders, as canonical configs spell it.
enum WindowPadding: String, Sendable {
  case valid, same, causal
  case sameTheano = "keraskit>same_theano"
  case full = "keraskit>full"
  case ceil = "keraskit>ceil"

  /// The graph's padding for a convolution with the given (undilated) kernel.
  func ofConvolution(kernel: [Int], dilations: [Int]) throws(ModelError) -> Padding {
    let reach = zip(kernel, dilations).map { ($0 - 1) * $1 }
    let zeros = kernel.map { _ in 0 }
    return switch self {
    case .valid: .valid(kernel.count)
    case .same: .same
    case .sameTheano: .sameTheano
    case .causal: .explicit(before: reach, after: zeros)
    case .full: .explicit(before: reach, after: reach)
    case .ceil: throw ModelError(.unsupported("the padding \(rawValue) on a convolution"))
    }
  }

  /// The graph's padding for a pooling of a channels-last input.
  func ofPooling(window: [Int], strides: [Int], input: Shape) throws(ModelError) -> Padding {
    switch self {
    case .valid: return .valid(window.count)
    case .same: return .same
    case .sameTheano: return .samePoolTheano
    case .causal, .full: throw ModelError(.unsupported("the padding \(rawValue) on a pooling"))
    case .ceil:
      var after: [Int] = []
      for axis in window.indices {
        let size = try input.known(axis: axis + 1)
        let positions = max((size - window[axis] + strides[axis] - 1) / strides[axis], 0) + 1
        after.append(max((positions - 1) * strides[axis] + window[axis] - size, 0))
      }
      return .explicit(before: window.map { _ in 0 }, after: after)
    }
  }
}

extension ConfigReader {
  mutating func padding(_ known: [WindowPadding]) throws(ModelError) -> WindowPadding {
    let text = try choice("padding", known.map(\.rawValue), default: "valid")
    return WindowPadding(rawValue: text) ?? .valid
  }
}
