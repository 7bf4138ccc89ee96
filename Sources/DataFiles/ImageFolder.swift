import Dispatch
import KerasCore

/// A folder of images with a folder per class, in the order of Keras' `image_dataset_from_directory` (unshuffled).
///
/// Classes are the folders' names, sorted; those that begin with a dot are left out. Within a class come the files named
/// `.jpg`, `.jpeg`, `.png`, `.bmp` or `.gif`, folder by folder, sorted (Keras 3, `utils/dataset_utils.py`).
public struct ImageFolder: Sendable {
  /// What is made of each image.
  public struct Form: Sendable {
    public var height: Int
    public var width: Int
    public var colorMode: Image.ColorMode
    public var interpolation: Interpolation
    /// What samples from 0 to 255 are multiplied by.
    public var scale: Float
    /// Whether an image is (channels, height, width).
    public var isChannelsFirst: Bool

    public init(
      height: Int, width: Int, colorMode: Image.ColorMode = .rgb, interpolation: Interpolation = .bilinear,
      scale: Float = 1, isChannelsFirst: Bool = false
    ) {
      self.height = height
      self.width = width
      self.colorMode = colorMode
      self.interpolation = interpolation
      self.scale = scale
      self.isChannelsFirst = isChannelsFirst
    }

    var sampleShape: [Int] {
      isChannelsFirst ? [colorMode.channels, height, width] : [height, width, colorMode.channels]
    }
  }

  /// The most bytes of float32 samples that are held at once.
  public static let maximumBytes = 16 << 30

  private static let endings = [".bmp", ".gif", ".jpeg", ".jpg", ".png"]

  public let path: String
  public let classNames: [String]
  /// Each image's file and the index of its class.
  public private(set) var files: [(path: String, label: Int)]

  public init(path: String) throws(DataFileError) {
    self.path = path
    var files: [(path: String, label: Int)] = []
    do {
      classNames = try FolderListing.names(in: path).filter {
        !$0.hasPrefix(".") && FolderListing.isFolder(path + "/" + $0)
      }
      for (label, name) in classNames.enumerated() {
        for folder in FolderListing.inOrder(try Self.folders(path + "/" + name, depth: 0)) {
          for file in try FolderListing.names(in: folder) {
            let isImage = Self.endings.contains { file.lowercased().hasSuffix($0) }
            if isImage, !FolderListing.isFolder(folder + "/" + file) { files.append((folder + "/" + file, label)) }
          }
        }
      }
    } catch {
      throw DataFileError(file: path, .unknownFormat("the folder cannot be read: \(error)"))
    }
    guard !classNames.isEmpty else {
      throw DataFileError(file: path, .unknownFormat("a folder of images has a folder for each class; there is none"))
    }
    guard !files.isEmpty else {
      throw DataFileError(
        file: path, .unknownFormat("no .jpg, .jpeg or .png file in \(classNames.count) class folders"))
    }
    self.files = files
  }

  /// The same images in an order that follows from the seed.
  public func shuffled(_ seed: UInt64) -> ImageFolder {
    var result = self
    result.files = order(seed).map { files[$0] }
    return result
  }

  /// The numbers of the images in the order that `shuffled` gives them.
  public func order(_ seed: UInt64) -> [Int] {
    var random = SplitMix64(state: seed)
    var order = Array(files.indices)
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, Int(random.next() % UInt64(last + 1)))
    }
    return order
  }

  /// Images, all of them or those of a range, in memory together: float32 (images, height, width, channels), or channels
  /// first.
  ///
  /// Images are decoded by as many threads at once as the budget has, which they share with other work; without one, by
  /// this thread. Throws `DataFileError` naming the first image that cannot be read.
  public func images(
    _ form: Form, _ range: Range<Int>? = nil, sharing budget: ThreadBudget? = nil
  ) throws(DataFileError) -> TensorData {
    let channels = form.colorMode.channels
    let files = files[(range ?? 0..<files.count).clamped(to: 0..<files.count)]
    guard form.height > 0, form.width > 0,
      let total = checkedProduct([files.count, form.height, form.width, channels, 4]), total <= Self.maximumBytes
    else {
      let size = "\(form.height) × \(form.width)"
      throw DataFileError(
        file: path, .unknownFormat("\(files.count) images of \(size) are more than \(Self.maximumBytes) bytes"))
    }
    var failure: DataFileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, filled in
      failure = Self.decode(files.map(\.path), form, into: UnsafeMutableRawBufferPointer(buffer), sharing: budget)
      filled = failure == nil ? total : 0
    }
    if let failure { throw failure }
    do {
      return try TensorData(dtype: .float32, shape: [files.count] + form.sampleShape, bytes: bytes)
    } catch {
      throw DataFileError(file: path, .damaged("\(error)"))
    }
  }

  /// Decodes images one behind the other; the error is that of the first that cannot be.
  private static func decode(
    _ files: [String], _ form: Form, into bytes: UnsafeMutableRawBufferPointer, sharing budget: ThreadBudget?
  ) -> DataFileError? {
    guard !files.isEmpty else { return nil }
    let size = bytes.count / files.count
    // Each image has bytes of its own.
    nonisolated(unsafe) let bytes = bytes
    let state = Locked((next: 0, failed: files.count, failure: DataFileError?.none))
    let workers = min(budget?.count ?? 1, files.count)
    @Sendable func work() {
      while true {
        // Taken in order: all before one that fails have been taken too.
        let index = state.withLock { state in
          defer { state.next += 1 }
          return state.failure == nil ? state.next : files.count
        }
        guard index < files.count else { return }
        do throws(DataFileError) {
          let image = try samples(of: files[index], form, sharing: budget)
          image.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]).copyMemory(from: $0)
          }
        } catch {
          state.withLock { state in
            if index < state.failed { (state.failed, state.failure) = (index, error) }
          }
        }
      }
    }
    if workers > 1 {
      DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
    } else {
      work()
    }
    return state.withLock { $0.failure }
  }

  private static func samples(
    of file: String, _ form: Form, sharing budget: ThreadBudget?
  ) throws(DataFileError) -> [Float] {
    guard let budget else { return try samples(of: file, form) }
    // `aside` rethrows whatever there is.
    let result = budget.aside { Result { () throws(DataFileError) in try samples(of: file, form) } }
    return try result.get()
  }

  private static func samples(of file: String, _ form: Form) throws(DataFileError) -> [Float] {
    let image = try Image(path: file, colorMode: form.colorMode)
    var samples = image.resized(height: form.height, width: form.width, form.interpolation)
    if form.scale != 1 { for index in samples.indices { samples[index] *= form.scale } }
    return form.isChannelsFirst ? channelsFirst(samples, channels: form.colorMode.channels) : samples
  }

  private static func channelsFirst(_ samples: [Float], channels: Int) -> [Float] {
    let pixels = samples.count / channels
    return (0..<samples.count).map { samples[$0 % pixels * channels + $0 / pixels] }
  }

  /// A folder and all within it; links that lead in circles end at a depth of 32.
  private static func folders(_ folder: String, depth: Int) throws -> [String] {
    guard depth < 32 else { return [] }
    var found = [folder]
    for entry in try FolderListing.names(in: folder) where FolderListing.isFolder(folder + "/" + entry) {
      found += try folders(folder + "/" + entry, depth: depth + 1)
    }
    return found
  }
}
