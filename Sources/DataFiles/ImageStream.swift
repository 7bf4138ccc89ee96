import KerasCore

/// A folder of images read some at a time: `x` in the form asked for, and `y`, the name of each one's class.
public struct ImageStream: ArrayStream {
  public private(set) var folder: ImageFolder
  private let form: ImageFolder.Form
  /// The threads that decode; `nil` if the one that reads.
  public var budget: ThreadBudget?

  public init(_ folder: ImageFolder, _ form: ImageFolder.Form) {
    self.folder = folder
    self.form = form
  }

  public var file: String { folder.path }
  public var count: Int { folder.files.count }
  public var columns: [(name: String, shape: [Int])] { [("x", form.sampleShape), ("y", [])] }

  public func reader(from start: Int) -> any ArrayReader {
    RangeReader(from: start, count: count) { [folder, form, budget] rows in
      let labels = folder.files[rows].map { folder.classNames[$0.label] }
      return [
        "x": try folder.images(form, rows, sharing: budget),
        "y": try TensorData(shape: [labels.count], strings: labels),
      ]
    }
  }

  public func shuffled(_ seed: UInt64) -> (any ArrayStream)? {
    var result = self
    result.folder = folder.shuffled(seed)
    return result
  }

  public func order(_ seed: UInt64) -> [Int]? { folder.order(seed) }
}
