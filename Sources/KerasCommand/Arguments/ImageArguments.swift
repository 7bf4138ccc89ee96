import ArgumentParser
import KerasKit

/// How the images of a folder become a model's input.
struct ImageArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Size of the images, if not the model's input.", valueName: "HxW"))
  var imageSize: ImageSize?

  @Option(help: ArgumentHelp("Channels, if not as many as the input has.", valueName: "rgb|grayscale|rgba"))
  var colorMode: Image.ColorMode?

  @Option(help: ArgumentHelp("How images are resized, as tf.image.resize.", valueName: "bilinear|nearest|bicubic"))
  var interpolation = Interpolation.bilinear

  @Option(help: ArgumentHelp("What samples from 0 to 255 are multiplied by, such as 1/255.", valueName: "factor"))
  var rescale = ImageScale(value: 1)

  var options: ImageOptions {
    var options = ImageOptions()
    (options.height, options.width) = (imageSize?.height, imageSize?.width)
    options.colorMode = colorMode
    options.interpolation = interpolation
    options.scale = Float(rescale.value)
    return options
  }
}

/// `HEIGHTxWIDTH`, or one number for both.
struct ImageSize: ExpressibleByArgument, Sendable {
  let height: Int
  let width: Int

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count <= 2, let height = parts.first ?? nil, let width = parts.last ?? nil,
      (1...1 << 16).contains(height), (1...1 << 16).contains(width)
    else { return nil }
    (self.height, self.width) = (height, width)
  }
}

/// A number, or a quotient of two.
struct ImageScale: ExpressibleByArgument, Sendable {
  let value: Double

  init(value: Double) { self.value = value }

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count <= 2, let first = parts.first ?? nil, let last = parts.last ?? nil else { return nil }
    value = parts.count == 2 ? first / last : first
    guard value.isFinite, value != 0 else { return nil }
  }

  var defaultValueDescription: String { "\(value)" }
}

extension Image.ColorMode: ExpressibleByArgument {}
extension Interpolation: ExpressibleByArgument {
  public init?(argument: String) {
    guard Self.allValueStrings.contains(argument) else { return nil }
    self.init(rawValue: argument)
  }

  /// Without what only old layers have.
  public static var allValueStrings: [String] { all.map(\.rawValue) }
}
