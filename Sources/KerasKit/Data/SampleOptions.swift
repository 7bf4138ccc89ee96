/// Which arrays, columns or files are a model's inputs, targets and sample weights.
public struct SampleOptions: Sendable {
  /// Arrays or columns for the inputs, `NAME`, `NAME,NAME` or `INPUT=NAME,NAME`; several are put side by side.
  ///
  /// Empty: by the inputs' names, else `x` or `x0`, `x1` …; of a table all columns that are nothing else.
  public var inputs: [String]
  /// Arrays or columns for the targets, like `inputs`; for a `.npy` file its `.npy` file of targets.
  public var targets: [String]
  /// The array or column of sample weights; `nil` is `sample_weight`, if there is one.
  public var sampleWeight: String?
  public var images: ImageOptions
  /// The loss that training will use instead of the file's: it tells whether classes are numbers or one-hot rows.
  public var loss: String?
  /// The classes of texts; `nil` finds them in the data.
  public var labels: LabelMap?
  /// Whether data without targets is refused; what only looks at the model's results can do without.
  public var needsTargets = true
  /// Puts a folder of images, whose order is that of its classes, into another.
  public var shuffleSeed: UInt64?
  /// Data that is larger as float32 stays on disk and is read as it is needed.
  public var memoryLimit: Int

  /// 1 GiB.
  public static let standardMemoryLimit = 1 << 30

  public init(
    inputs: [String] = [], targets: [String] = [], sampleWeight: String? = nil, images: ImageOptions = ImageOptions(),
    loss: String? = nil, labels: LabelMap? = nil, shuffleSeed: UInt64? = nil,
    memoryLimit: Int = SampleOptions.standardMemoryLimit
  ) {
    self.inputs = inputs
    self.targets = targets
    self.sampleWeight = sampleWeight
    self.images = images
    self.loss = loss
    self.labels = labels
    self.shuffleSeed = shuffleSeed
    self.memoryLimit = memoryLimit
  }
}
