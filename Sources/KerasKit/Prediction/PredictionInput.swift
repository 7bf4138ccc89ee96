import DataFiles
import HDF5
import KerasCore

/// Samples to predict for, read from front to back as they are needed.
public struct PredictionInput: Sendable {
  /// The number of samples; `nil` where reading to the end tells first, as of a table.
  public let count: Int?
  /// Gives the next samples, as many as asked for if there are so many; `nil` at the end.
  typealias Batches = (_ limit: Int) throws -> [TensorData]?
  /// Begins at the first sample; reading shares the threads of the budget.
  let open: @Sendable (ThreadBudget?) throws -> Batches
  /// Throws what is wrong with the samples as a whole.
  let check: @Sendable () throws -> Void

  /// Files up to so many bytes are read as a whole to say what is wrong with them.
  private static let largestChecked = 1 << 30

  /// Opens a file of arrays, or a folder of images with a folder per class, in the order of `ImageFolder`.
  ///
  /// What can be read some samples at a time is: arrays of `.npz`, `.npy` and HDF5, lines of JSON and tables for inputs
  /// that are no integers. All else is read now. Throws what `ArrayFile.read` throws, and for what does not fit the model
  /// `KerasKitError.missingInput`, `inputShape` or `sampleCount`.
  public static func open(
    _ path: String, for model: Model, images: ImageOptions = ImageOptions()
  ) throws(KerasKitError) -> PredictionInput {
    if FolderListing.isFolder(path) { return try KerasKitError.wrap { try folder(path, for: model, images) } }
    // What cannot be streamed, and every error, is that of reading the whole.
    if let streamed = try? streamed(path, for: model) { return streamed }
    return try PredictionInput(model.inOrder(ArrayFile.read(path)), for: model)
  }

  /// Arrays in the order of the model's inputs, whose first axis counts samples.
  public init(_ arrays: [TensorData], for model: Model) throws(KerasKitError) {
    let arrays = try model.fitted(arrays)
    let count = arrays.first?.shape.first ?? 0
    self.count = count
    check = {}
    open = { _ in
      var position = 0
      return { limit in
        let rows = position..<min(position + limit, count)
        position = rows.upperBound
        return rows.isEmpty ? nil : try arrays.map { try $0.samples(rows) }
      }
    }
  }

  init(
    count: Int?, check: @escaping @Sendable () throws -> Void = {},
    open: @escaping @Sendable (ThreadBudget?) throws -> Batches
  ) {
    self.count = count
    self.check = check
    self.open = open
  }

  /// The first samples, as many as asked for if there are so many.
  public func first(_ count: Int) throws(KerasKitError) -> [TensorData] {
    try KerasKitError.wrap { try open(nil)(count) ?? [] }
  }

  // MARK: Sources

  private static func folder(_ path: String, for model: Model, _ images: ImageOptions) throws -> PredictionInput {
    guard let input = model.inputs.first, model.inputs.count == 1 else {
      throw KerasKitError.badRequest("\(path): a folder of images is for models of one input")
    }
    let (folder, form) = (try ImageFolder(path: path), try images.form(for: input))
    return PredictionInput(count: folder.files.count, check: {}) { budget in
      var position = 0
      return { limit in
        let rows = position..<min(position + limit, folder.files.count)
        position = rows.upperBound
        // Decoding shares the threads image by image.
        return rows.isEmpty ? nil : [try Model.fitted(try folder.images(form, rows, sharing: budget), to: input)]
      }
    }
  }

  /// `nil`, or an error, for what is to be read as a whole.
  private static func streamed(_ path: String, for model: Model) throws -> PredictionInput? {
    let size = try RangedFile(path: path).count
    let check = { @Sendable in
      if size <= largestChecked { _ = try ArrayFile.read(path) }
    }
    // Which numbers of a text are integers only all of them tell.
    let isExact = model.inputs.allSatisfy { $0.dtype.isFloatingPoint || $0.dtype == .string }
    switch ArrayFile.ending(of: path) {
    case "npz":
      let arrays = try NumpyStream.archive(path: path, verifying: true)
      return try stream(JoinedStream(arrays, file: path), for: model, check: check)
    case "npy":
      return try stream(JoinedStream([NumpyStream(path: path)], file: path), for: model, check: check)
    case "h5", "hdf5": return try stream(HDF5Stream(path: path), for: model, blocks: true, check: check)
    case "jsonl", "ndjson":
      return isExact ? try stream(JSONLinesStream(path: path), for: model, check: check) : nil
    case "csv", "tsv", "txt":
      return isExact && model.inputs[0].shape.dimensions.first == .some(nil) ? try table(path, model, check) : nil
    default: return nil
    }
  }

  private static func stream(
    _ whole: some ArrayStream, for model: Model, blocks: Bool = false, check: @escaping @Sendable () throws -> Void
  ) throws -> PredictionInput? {
    let names = try model.inputNames(among: whole.columns.map(\.name))
    let stream = try whole.selecting(Set(names))
    let shapes = Dictionary(stream.columns.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let ports = model.inputs
    for (name, port) in zip(names, ports) {
      guard let shape = shapes[name], Model.fits([stream.count] + shape, port) else { return nil }
    }
    guard stream.count > 0 else { return nil }
    let rowBytes = max(1, stream.sampleSize.multipliedReportingOverflow(by: 4).partialValue)
    return PredictionInput(count: stream.count, check: check) { budget in
      let reader = try stream.reader(from: 0)
      let cut = BatchCutter { limit in
        // What is stored in blocks should be unpacked once.
        let rows = blocks ? max(limit, min(4096, (4 << 20) / rowBytes) / limit * limit) : limit
        return try sharing(budget) { try reader.next(rows) }.map { part in
          try zip(names, ports).map { name, port in
            guard let array = part[name] else { throw KerasKitError.missingInput(name, available: part.keys.sorted()) }
            return try Model.fitted(array, to: port)
          }
        }
      }
      return cut.next
    }
  }

  private static func table(
    _ path: String, _ model: Model, _ check: @escaping @Sendable () throws -> Void
  ) throws -> PredictionInput? {
    let input = model.inputs[0]
    let names = try model.inputNames(among: ["x"])
    guard names == ["x"], Model.fits([1, try DelimitedRows(path: path).width], input) else { return nil }
    return PredictionInput(count: nil, check: check) { budget in
      let rows = try DelimitedRows(path: path)
      return { limit in try sharing(budget) { try rows.next(limit) }.map { [try Model.fitted($0, to: input)] } }
    }
  }

  private static func sharing<Result>(_ budget: ThreadBudget?, _ body: () throws -> Result) rethrows -> Result {
    guard let budget else { return try body() }
    return try budget.aside(body)
  }
}

/// Cuts batches of exactly the size asked for out of parts that may have others.
private final class BatchCutter {
  private let read: (Int) throws -> [TensorData]?
  private var part: [TensorData] = []
  private var used = 0

  init(_ read: @escaping (Int) throws -> [TensorData]?) { self.read = read }

  func next(_ limit: Int) throws -> [TensorData]? {
    var pieces: [[TensorData]] = []
    var rows = 0
    while rows < limit {
      if used == part.first?.shape.first ?? 0 {
        guard let more = try read(limit) else { break }
        (part, used) = (more, 0)
      }
      let end = min(used + limit - rows, part.first?.shape.first ?? 0)
      guard end > used else { break }
      pieces.append(try part.map { try $0.samples(used..<end) })
      rows += end - used
      used = end
    }
    guard let first = pieces.first else { return nil }
    if pieces.count == 1 { return first }
    return try first.indices.map { index in try TensorData(joining: pieces.map { $0[index] }) }
  }
}
