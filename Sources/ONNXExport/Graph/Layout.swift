/// In which order an ONNX tensor has the axes of a value: its axis i is the value's axis `axes[i]`.
struct Layout: Hashable {
  let axes: [Int]

  init(_ axes: [Int]) { self.axes = axes }

  /// The value's own order.
  static func asIs(_ rank: Int) -> Layout { Layout(Array(0..<rank)) }

  /// The order of ONNX' windows: batch, channels, spatial axes.
  static func channelsFirst(_ rank: Int) -> Layout {
    rank < 3 ? asIs(rank) : Layout([0, rank - 1] + Array(1..<rank - 1))
  }

  /// The order of ONNX' recurrences: time, batch, features.
  static func timeFirst(_ rank: Int) -> Layout { Layout([1, 0] + Array(2..<rank)) }

  var rank: Int { axes.count }
  var isAsIs: Bool { axes == Array(axes.indices) }

  /// Where the tensor has an axis of the value.
  func position(of axis: Int) -> Int { axes.firstIndex(of: axis) ?? axis }

  /// What is given per axis of the value, per axis of the tensor.
  func applied<Element>(to perAxis: [Element]) -> [Element] { axes.map { perAxis[$0] } }

  /// The permutation that makes a tensor of this layout out of one in `other`.
  func permutation(from other: Layout) -> [Int] { axes.map { other.position(of: $0) } }

  /// The layout, of a value transposed by `permutation`, of a tensor that holds the untransposed one in this layout.
  func transposed(by permutation: [Int]) -> Layout {
    Layout(axes.map { axis in permutation.firstIndex(of: axis) ?? axis })
  }

  /// The layout that remains where axes of the value are dropped.
  func dropping(_ dropped: [Int]) -> Layout {
    Layout(axes.filter { !dropped.contains($0) }.map { axis in axis - dropped.count(where: { $0 < axis }) })
  }
}
