import CImages
import KerasCore

/// A decoded image: 8-bit samples, rows from the top, channels side by side.
public struct Image: Sendable, Hashable {
  /// Which channels are wanted, as Keras' `color_mode`.
  public enum ColorMode: String, Sendable, Hashable, CaseIterable {
    case grayscale
    case rgb
    case rgba

    public var channels: Int {
      switch self {
      case .grayscale: 1
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// The most pixels an image may declare: 64 million, 256 MB decoded.
  static let maximumPixels = 64 << 20
  /// The most pixels per byte of file: the best compression that deflate and JPEG reach on one colour.
  static let maximumPixelsPerByte = 1 << 13

  public let height: Int
  public let width: Int
  public let channels: Int
  public let pixels: [UInt8]

  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) throws(DataFileError.Cause) {
    guard let count = checkedProduct([height, width, channels]), count == pixels.count, count > 0 else {
      throw .damaged("\(pixels.count) samples for an image of \(height) × \(width) × \(channels)")
    }
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// Decodes a JPEG or PNG, told by its content, as TensorFlow's `decode_image` does.
  ///
  /// Throws `DataFileError` for other types, damage, and sizes that the file's bytes cannot fill.
  public init(path: String, colorMode: ColorMode) throws(DataFileError) {
    let contents: FileContents
    do { contents = try FileContents(path: path) } catch { throw DataFileError(file: path, .file(error)) }
    do {
      self = try contents.withBytes { bytes throws(DataFileError.Cause) in
        try Self.decoded(bytes, colorMode: colorMode)
      }
    } catch {
      throw DataFileError(file: path, error)
    }
  }

  static func decoded(
    _ bytes: UnsafeRawBufferPointer, colorMode: ColorMode
  ) throws(DataFileError.Cause) -> Image {
    let isJpeg = bytes.starts(with: [0xff, 0xd8, 0xff])
    guard isJpeg || bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) else {
      throw .unknownFormat("neither a JPEG nor a PNG image")
    }
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress else { throw .empty }
    let channels = colorMode.channels
    if isJpeg, channels == 4 {
      throw .unknownFormat("a JPEG image has no alpha channel: read the folder as rgb or grayscale")
    }
    var message = [CChar](repeating: 0, count: Int(CIMAGES_MESSAGE))
    var header = CImagesHeader()
    let status =
      isJpeg
      ? cimages_jpeg_header(base, bytes.count, &header, &message)
      : cimages_png_header(base, bytes.count, &header, &message)
    guard status == 0 else { throw .damaged(text(message)) }
    if isJpeg, header.channels == 4 { throw .unsupportedType("CMYK") }
    let (height, width) = (Int(header.height), Int(header.width))
    guard height > 0, width > 0, height * width <= maximumPixels,
      height * width / maximumPixelsPerByte <= bytes.count
    else { throw .damaged("\(height) × \(width) pixels are declared in \(bytes.count) bytes") }
    var pixels = [UInt8](repeating: 0, count: height * width * channels)
    let result =
      isJpeg
      ? cimages_jpeg_decode(base, bytes.count, Int32(channels), &pixels, pixels.count, &message)
      : cimages_png_decode(base, bytes.count, Int32(channels), &pixels, pixels.count, &message)
    guard result == 0 else { throw .damaged(text(message)) }
    return try Image(height: height, width: width, channels: channels, pixels: pixels)
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
