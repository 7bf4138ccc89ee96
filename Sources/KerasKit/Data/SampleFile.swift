import DataFiles
import HDF5
import KerasCore
import KerasTraining

/// Opens the samples of a file or folder for a model.
public enum SampleFile {
  public struct Opened: Sendable {
    /// A `DataSet` where everything fits into `SampleOptions.memoryLimit`, else one that reads as it goes.
    public var source: any SampleSource
    /// The classes of targets that are texts or folders, if any are.
    public var labels: LabelMap?

    public var isInMemory: Bool { source is DataSet }
  }

  /// Opens `.npz`, `.npy`, `.csv`, `.tsv`, `.jsonl`, `.h5`, or a folder of images with a folder per class.
  ///
  /// A table is read once for this: missing values and texts where numbers are due are found before training begins.
  public static func open(
    _ path: String, for model: Model, _ options: SampleOptions = SampleOptions()
  ) throws(KerasKitError) -> Opened {
    try KerasKitError.wrap {
      var stream = try stream(path, model, options)
      if let seed = options.shuffleSeed, let shuffled = stream.shuffled(seed) { stream = shuffled }
      let binding = try SampleBinding(stream, model, options)
      stream = try stream.selecting(binding.names)
      let (bytes, overflow) = stream.sampleSize.multipliedReportingOverflow(by: max(stream.count, 1) * 4)
      let fits = !overflow && bytes <= options.memoryLimit
      // While training goes on its threads are busy; before it they are not.
      if fits, var images = stream as? ImageStream {
        images.budget = ThreadBudget(model.threads)
        stream = images
      }
      let samples = FileSamples(stream: stream, binding: binding)
      return Opened(source: fits ? try samples.inMemory() : samples, labels: binding.labels)
    }
  }

  private static func stream(_ path: String, _ model: Model, _ options: SampleOptions) throws -> any ArrayStream {
    if FolderListing.isFolder(path) {
      guard let input = model.inputs.first, model.inputs.count == 1, model.outputs.count == 1 else {
        throw KerasKitError.badRequest("\(path): a folder of images is for models of one input and one output")
      }
      return ImageStream(try ImageFolder(path: path), try options.images.form(for: input))
    }
    switch ArrayFile.ending(of: path) {
    case "npz":
      let arrays = try? NumpyStream.archive(path: path)
      // Arrays in Fortran order, and whatever else is read as a whole only; or the error of reading it so.
      guard let arrays else { return MemoryStream(try ArrayFile.read(path), file: path) }
      return JoinedStream(arrays, file: path)
    case "npy":
      if !options.needsTargets, options.targets.isEmpty { return JoinedStream([try array(path, "x")], file: path) }
      guard options.targets.count == 1, ArrayFile.ending(of: options.targets[0]) == "npy" else {
        throw KerasKitError.badRequest("the .npy file of the targets has to be named (--target)")
      }
      var parts = [try array(path, "x"), try array(options.targets[0], "y")]
      if let weights = options.sampleWeight { parts.append(try array(weights, "sample_weight")) }
      return JoinedStream(parts, file: path)
    case "csv", "tsv", "txt": return try DelimitedStream(path: path)
    case "jsonl", "ndjson": return try JSONLinesStream(path: path)
    case "h5", "hdf5": return try HDF5Stream(path: path)
    default: throw ArrayFile.unknownEnding(path)
    }
  }

  private static func array(_ path: String, _ name: String) throws -> any ArrayStream {
    if let stream = try? NumpyStream(path: path, name: name) { return stream }
    return MemoryStream([name: try NumpyFile.read(path)], file: path)
  }
}

/// Samples that are read from a file as training goes.
struct FileSamples: SampleSource, ShuffledSource {
  let stream: any ArrayStream
  let binding: SampleBinding

  var count: Int { stream.count }
  var weightRanks: [Int] { binding.weightRanks }

  func reader(from start: Int) throws -> any SampleReader {
    Reader(try stream.reader(from: start), binding)
  }

  func shuffled(_ seed: UInt64) -> (any SampleSource)? {
    stream.shuffled(seed).map { FileSamples(stream: $0, binding: binding) }
  }

  func order(_ seed: UInt64) -> [Int]? { stream.order(seed) }

  /// All of them at once.
  func inMemory() throws -> DataSet {
    guard let all = try reader(from: 0).next(max(count, 1)), all.count == count else { throw TrainingError.noSamples }
    return all
  }

  private final class Reader: SampleReader {
    private let reader: any ArrayReader
    private let binding: SampleBinding

    init(_ reader: any ArrayReader, _ binding: SampleBinding) {
      self.reader = reader
      self.binding = binding
    }

    func next(_ limit: Int) throws -> DataSet? { try reader.next(limit).map { try binding.samples($0) } }
  }
}
