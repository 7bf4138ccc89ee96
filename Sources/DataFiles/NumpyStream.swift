import KerasCore
import ZipArchive

/// One array of a `.npy` file or of an `.npz`, of which only the rows asked for are in memory.
///
/// Members that are compressed are inflated from their start on each pass.
public struct NumpyStream: ArrayStream {
  public let file: String
  public let count: Int
  public let columns: [(name: String, shape: [Int])]
  private let content: any NumpyContent
  private let header: NumpyHeader

  /// Opens a `.npy` file as an array of that name.
  public init(path: String, name: String = "x") throws(DataFileError) {
    do {
      let file = try RangedFile(path: path)
      try self.init(RangedContent(file: file, range: 0..<file.count), file: path, name: name)
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  /// Opens all arrays of an `.npz` that have an axis of samples.
  ///
  /// If `verifying`, a reader from the first sample compares the checksum of a stored array when it has come to its last,
  /// as is always done of a compressed one; and a member that is no array is an error.
  public static func archive(path: String, verifying: Bool = false) throws(DataFileError) -> [NumpyStream] {
    do {
      let zip = try ZipReader(path: path)
      let file = try RangedFile(path: path)
      if verifying, let other = zip.members.first(where: { !$0.name.hasSuffix(".npy") }) {
        throw DataFileError(file: path, member: other.name, .unknownFormat("the member is not an array (.npy)"))
      }
      return try zip.members.filter { $0.name.hasSuffix(".npy") }.compactMap { member in
        let content: any NumpyContent =
          verifying || member.isCompressed
          ? MemberContent(zip: zip, member: member)
          : RangedContent(file: file, range: try zip.place(of: member.name))
        // A single number, such as a version, is no array of samples.
        if try NumpyHeader(content.opened().read(1 << 16)).shape.isEmpty { return nil }
        return try NumpyStream(content, file: path, name: String(member.name.dropLast(4)))
      }
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }

  private init(_ content: any NumpyContent, file: String, name: String) throws {
    self.content = content
    self.file = file
    do {
      // A header is at most 64 KiB in version 1, and hardly ever in others.
      let start = try content.opened().read(1 << 16)
      header = try NumpyHeader(start)
      guard let rows = header.shape.first, !header.isFortranOrder || header.shape.count == 1 else {
        throw DataFileError.Cause.unsupportedType(
          header.shape.isEmpty
            ? "a single number, where an axis of samples is needed" : "in Fortran order, read in parts")
      }
      let stored = (content.count ?? .max) - header.dataStart
      guard let size = checkedProduct(header.shape + [header.elementType.size]), size <= stored else {
        throw DataFileError.Cause.damaged("the file ends before the \(Shape(header.shape)) elements it declares")
      }
      count = rows
      columns = [(name, Array(header.shape.dropFirst()))]
    } catch let cause as DataFileError.Cause {
      throw DataFileError(file: file, member: name, cause)
    }
  }

  public func reader(from start: Int) throws -> any ArrayReader {
    let rowBytes = (checkedProduct(Array(header.shape.dropFirst())) ?? 0) * header.elementType.size
    let input = try content.opened()
    try input.skip(header.dataStart + start * rowBytes)
    return Reader(self, input, position: start, rowBytes: rowBytes)
  }

  private final class Reader: ArrayReader {
    private let stream: NumpyStream
    private let input: any NumpyInput
    private var position: Int
    private let rowBytes: Int

    init(_ stream: NumpyStream, _ input: any NumpyInput, position: Int, rowBytes: Int) {
      self.stream = stream
      self.input = input
      self.position = position
      self.rowBytes = rowBytes
    }

    func next(_ limit: Int) throws -> [String: TensorData]? {
      let rows = min(max(limit, 1), stream.count - position)
      guard rows > 0 else { return nil }
      position += rows
      let (name, shape) = stream.columns[0]
      var header = stream.header
      header.shape = [rows] + shape
      header.dataStart = 0
      do {
        let bytes = try input.read(rows * rowBytes)
        if position == stream.count { try input.finish() }
        return [name: try NumpyFile.array(bytes, header)]
      } catch let cause as DataFileError.Cause {
        throw DataFileError(file: stream.file, member: name, cause)
      } catch {
        throw DataFileError(file: stream.file, from: error)
      }
    }
  }
}

/// Where an array's bytes are, to be read as often as needed.
private protocol NumpyContent: Sendable {
  /// `nil` if it is not known before all is read.
  var count: Int? { get }
  func opened() throws -> any NumpyInput
}

/// Bytes front to back.
private protocol NumpyInput: AnyObject {
  /// The next bytes; fewer at the end.
  func read(_ count: Int) throws -> [UInt8]
  func skip(_ count: Int) throws
  /// Behind the last bytes that are wanted.
  func finish() throws
}

extension NumpyInput {
  func finish() {}
}

private struct RangedContent: NumpyContent {
  let file: RangedFile
  let range: Range<Int>

  var count: Int? { range.count }

  func opened() -> any NumpyInput { Input(file: file, range: range) }

  final class Input: NumpyInput {
    private let file: RangedFile
    private var range: Range<Int>

    init(file: RangedFile, range: Range<Int>) {
      self.file = file
      self.range = range
    }

    func read(_ count: Int) throws -> [UInt8] {
      let end = min(range.lowerBound + count, range.upperBound)
      defer { range = end..<range.upperBound }
      return try file.read(range.lowerBound..<end)
    }

    func skip(_ count: Int) { range = min(range.lowerBound + count, range.upperBound)..<range.upperBound }
  }
}

/// A member of an archive, read from its start and its checksum compared at its end.
private struct MemberContent: NumpyContent {
  let zip: ZipReader
  let member: ZipMember

  var count: Int? { member.size }

  func opened() throws -> any NumpyInput {
    if member.isCompressed {
      let stream = try zip.stream(of: member.name)
      return Input { try stream.read($0) }
    }
    let stream = try zip.storedStream(of: member.name)
    return Input { try stream.read($0) }
  }

  final class Input: NumpyInput {
    private let next: (Int) throws -> [UInt8]

    init(_ next: @escaping (Int) throws -> [UInt8]) { self.next = next }

    func read(_ count: Int) throws -> [UInt8] { try next(count) }

    func skip(_ count: Int) throws {
      var rest = count
      while rest > 0 {
        let got = try next(min(rest, 1 << 20)).count
        if got == 0 { return }
        rest -= got
      }
    }

    func finish() throws { try skip(.max) }
  }
}
