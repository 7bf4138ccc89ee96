import KerasCore

/// A reader of samples that can be read from any place, part by part.
public final class RangeReader: ArrayReader {
  private var position: Int
  private let count: Int
  private let depth: Int
  private let read: (Range<Int>) throws -> [String: TensorData]

  /// Parts end at multiples of `depth` where they are long enough, so that what is stored in such blocks is unpacked once.
  public init(
    from start: Int, count: Int, depth: Int = 1, _ read: @escaping (Range<Int>) throws -> [String: TensorData]
  ) {
    position = start
    self.count = count
    self.depth = max(depth, 1)
    self.read = read
  }

  public func next(_ limit: Int) throws -> [String: TensorData]? {
    var end = min(position + max(limit, 1), count)
    guard position < end else { return nil }
    let aligned = end / depth * depth
    if aligned > position, end < count { end = aligned }
    let part = try read(position..<end)
    position = end
    return part
  }
}
