import DataFiles
import KerasCore
import KerasTraining

/// How a folder of images becomes a model's input; what is not given comes from the model.
public struct ImageOptions: Sendable {
  public var height: Int?
  public var width: Int?
  public var colorMode: Image.ColorMode?
  public var interpolation = Interpolation.bilinear
  /// What samples from 0 to 255 are multiplied by.
  public var scale: Float = 1

  public init() {}

  /// The form of the images for an input of shape (batch, height, width, channels) or (batch, channels, height, width).
  func form(for input: Model.Port) throws(KerasKitError) -> ImageFolder.Form {
    let sample = Array(input.shape.dimensions.dropFirst())
    guard sample.count == 3 else {
      throw .badRequest("the input '\(input.name)' of shape \(input.shape) takes no images")
    }
    let modes = Image.ColorMode.allCases
    let last = modes.first { $0.channels == sample[2] }
    let first = modes.first { $0.channels == sample[0] }
    let isChannelsFirst = last == nil && first != nil
    guard let colorMode = colorMode ?? last ?? first ?? (sample[2] == nil ? .rgb : nil) else {
      throw .badRequest("the input '\(input.name)' of shape \(input.shape) takes no images of 1, 3 or 4 channels")
    }
    let size = isChannelsFirst ? sample[1...] : sample[..<2]
    guard let height = height ?? size.first ?? nil, let width = width ?? size.last ?? nil else {
      throw .badRequest("the input '\(input.name)' of shape \(input.shape) states no size: give one (--image-size)")
    }
    return ImageFolder.Form(
      height: height, width: width, colorMode: colorMode, interpolation: interpolation, scale: scale,
      isChannelsFirst: isChannelsFirst)
  }
}

extension DataSet {
  /// Reads a folder of images, one folder per class, for a model of one input and one output.
  ///
  /// Labels are 0 or 1 for an output of width 1, class indices for a sparse loss, and one-hot rows otherwise. `loss` is
  /// the one that training will use instead of the file's. All images are held in memory.
  public static func readImages(
    _ path: String, for model: Model, _ options: ImageOptions = ImageOptions(), loss: String? = nil
  ) throws(KerasKitError) -> DataSet {
    guard let input = model.inputs.first, let output = model.outputs.first, model.inputs.count == 1,
      model.outputs.count == 1
    else { throw .badRequest("\(path): a folder of images is for models of one input and one output") }
    return try KerasKitError.wrap {
      let folder = try ImageFolder(path: path)
      let labels = try Self.labels(folder, output, isSparse: model.usesSparseLabels(loss: loss))
      let images = try folder.images(options.form(for: input))
      return try DataSet(inputs: model.fitted([images]), targets: [labels])
    }
  }

  private static func labels(_ folder: ImageFolder, _ output: Model.Port, isSparse: Bool) throws -> TensorData {
    let (count, classes) = (folder.files.count, folder.classNames.count)
    let width = output.shape.dimensions.last ?? nil
    let named = "\(folder.path): \(classes) classes (\(folder.classNames.prefix(10).joined(separator: ", ")))"
    if width == 1 {
      guard classes == 2 else { throw KerasKitError.badRequest("\(named), the output '\(output.name)' tells two") }
      return try TensorData(shape: [count, 1], floats: folder.files.map { Float($0.label) })
    }
    guard let width, width == classes else {
      throw KerasKitError.badRequest("\(named), the output '\(output.name)' has shape \(output.shape)")
    }
    if isSparse { return try TensorData(shape: [count, 1], int32s: folder.files.map { Int32($0.label) }) }
    var rows = [Float](repeating: 0, count: count * width)
    for (index, file) in folder.files.enumerated() { rows[index * width + file.label] = 1 }
    return try TensorData(shape: [count, width], floats: rows)
  }
}

extension Model {
  /// Whether the loss takes class indices, as Keras' `sparse_` losses do.
  func usesSparseLabels(loss: String?) -> Bool {
    let name = loss ?? loaded.canonical.compile?["loss"]?.text() ?? ""
    return name.lowercased().contains("sparse")
  }
}
