/// In which order a written tensor has the axes of a value: its axis i is the value's axis `axes[i]`.
public struct Layout: Sendable, Hashable {
  public let axes: [Int]

  public init(_ axes: [Int]) { self.axes = axes }

  /// The value's own order.
  public static func asIs(_ rank: Int) -> Layout { Layout(Array(0..<rank)) }

  /// The order of windows in ONNX and Core ML: batch, channels, spatial axes.
  public static func channelsFirst(_ rank: Int) -> Layout {
    rank < 3 ? asIs(rank) : Layout([0, rank - 1] + Array(1..<rank - 1))
  }

  /// The order of their recurrences: time, batch, features.
  public static func timeFirst(_ rank: Int) -> Layout { Layout([1, 0] + Array(2..<rank)) }

  public var rank: Int { axes.count }
  public var isAsIs: Bool { axes == Array(axes.indices) }

  /// Where the tensor has an axis of the value.
  public func position(of axis: Int) -> Int { axes.firstIndex(of: axis) ?? axis }

  /// What is given per axis of the value, per axis of the tensor.
  public func applied<Element>(to perAxis: [Element]) -> [Element] { axes.map { perAxis[$0] } }

  /// The permutation that makes a tensor of this layout out of one in `other`.
  public func permutation(from other: Layout) -> [Int] { axes.map { other.position(of: $0) } }

  /// The layout, of a value transposed by `permutation`, of a tensor that holds the untransposed one in this layout.
  public func transposed(by permutation: [Int]) -> Layout {
    Layout(axes.map { axis in permutation.firstIndex(of: axis) ?? axis })
  }

  /// The order of a convolution's kernels there: results, channels of a group, spatial axes.
  public static func kernel(_ rank: Int) -> Layout { Layout([rank - 1, rank - 2] + Array(0..<rank - 2)) }

  /// The layout that remains where axes of the value are dropped.
  public func dropping(_ dropped: [Int]) -> Layout {
    Layout(axes.filter { !dropped.contains($0) }.map { axis in axis - dropped.count(where: { $0 < axis }) })
  }
}
