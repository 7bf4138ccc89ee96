import KerasCore

/// A folder of images read some at a time: `x` in the form asked for, and `y`, the name of each one's class.
public struct ImageStream: ArrayStream {
  public private(set) var folder: ImageFolder
  private let form: ImageFolder.Form

  public init(_ folder: ImageFolder, _ form: ImageFolder.Form) {
    self.folder = folder
    self.form = form
  }

  public var file: String { folder.path }
  public var count: Int { folder.files.count }
  public var columns: [(name: String, shape: [Int])] { [("x", form.sampleShape), ("y", [])] }

  public func reader(from start: Int) -> any ArrayReader { Reader(self, position: start) }

  public func shuffled(_ seed: UInt64) -> (any ArrayStream)? {
    var result = self
    result.folder = folder.shuffled(seed)
    return result
  }

  private final class Reader: ArrayReader {
    private let stream: ImageStream
    private var position: Int

    init(_ stream: ImageStream, position: Int) {
      self.stream = stream
      self.position = position
    }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      let end = min(position + max(limit, 1), stream.count)
      guard position < end else { return nil }
      let images = try stream.folder.images(stream.form, position..<end)
      let labels = stream.folder.files[position..<end].map { stream.folder.classNames[$0.label] }
      position = end
      return ["x": images, "y": try TensorData(shape: [labels.count], strings: labels)]
    }
  }
}
