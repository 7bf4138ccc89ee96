import KerasCore
import KerasGraph

/// Padding of windows as formats say it that know zeros before and after, and TensorFlow's `same`.
public enum WindowPadding: Sendable, Hashable {
  case explicit(before: [Int], after: [Int])
  /// TensorFlow's, where the input's size decides and is not known yet.
  case same

  /// Padding that holds for every size of the axes that are not known.
  ///
  /// Throws `ExportError` where there is none, or the window does not fit.
  public init(
    _ padding: Padding, input: [Int?], kernel: [Int], strides: [Int], dilations: [Int]
  ) throws(ExportError) {
    if let known = Shape(input).concrete {
      do {
        let (before, after, _) = try padding.resolved(
          inputSpatial: known, kernel: kernel, strides: strides, dilations: dilations)
        self = .explicit(before: before, after: after)
      } catch {
        throw ExportError(.notExpressible(what: "a window", reason: error.description))
      }
      return
    }
    let reach = kernel.indices.map { (kernel[$0] - 1) * dilations[$0] + 1 }
    switch padding {
    case .explicit(let before, let after): self = .explicit(before: before, after: after)
    // All that a window can reach lies behind: with ⌈n/s⌉ positions, (n + reach − 1 − reach) / s + 1.
    case .sameTheano:
      self = .explicit(before: reach.map { $0 / 2 }, after: reach.map { $0 - 1 - $0 / 2 })
    case .samePoolTheano:
      let before = reach.map { $0 > 2 && $0 % 2 == 1 ? $0 - 2 : $0 - 1 }
      self = .explicit(before: before, after: zip(reach, before).map { $0 - 1 - $1 })
    case .same:
      if strides.allSatisfy({ $0 == 1 }) {
        self = .explicit(before: reach.map { ($0 - 1) / 2 }, after: reach.map { $0 - 1 - ($0 - 1) / 2 })
        return
      }
      guard dilations.allSatisfy({ $0 == 1 }) else {
        throw ExportError(
          .notExpressible(
            what: "a strided and dilated window", reason: "its padding depends on a size that is not known"))
      }
      self = .same
    }
  }
}
