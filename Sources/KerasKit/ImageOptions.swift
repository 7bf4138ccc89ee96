import DataFiles
import KerasCore

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

extension Model {
  /// Whether the loss takes class indices, as Keras' `sparse_` losses do.
  func usesSparseLabels(loss: String?) -> Bool {
    let name = loss ?? loaded.canonical.compile?["loss"]?.text() ?? ""
    return name.lowercased().contains("sparse")
  }
}
