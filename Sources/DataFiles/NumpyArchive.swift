import KerasCore
import ZipArchive

/// Reads and writes NumPy's `.npz` files: named arrays in their stored order.
public struct NumpyArchive: Sendable {
  public struct Member: Sendable, Hashable {
    /// Without the suffix `.npy`.
    public var name: String
    public var tensor: TensorData

    public init(name: String, tensor: TensorData) {
      self.name = name
      self.tensor = tensor
    }
  }

  public var members: [Member]

  public init(members: [Member]) { self.members = members }

  /// Reads all arrays of a file, written by `numpy.savez` or `savez_compressed`.
  public init(path: String) throws(DataFileError) {
    let zip: ZipReader
    do {
      zip = try ZipReader(path: path)
    } catch {
      throw DataFileError(file: path, from: error)
    }
    members = []
    for entry in zip.members {
      guard entry.name.hasSuffix(".npy") else {
        throw DataFileError(file: path, member: entry.name, .unknownFormat("the member is not an array (.npy)"))
      }
      let name = String(entry.name.dropLast(4))
      let bytes: [UInt8]
      do {
        bytes = try zip.read(entry.name)
      } catch {
        throw DataFileError(file: path, member: name, .zip(error))
      }
      members.append(Member(name: name, tensor: try NumpyFile.read(bytes, file: path, member: name)))
    }
  }

  /// The array of that name.
  public subscript(name: String) -> TensorData? { members.first { $0.name == name }?.tensor }

  public var names: [String] { members.map(\.name) }

  /// Writes the arrays uncompressed, so that the file appears only when it is complete.
  public func write(to path: String) throws(DataFileError) {
    do {
      let zip = try ZipWriter(replacing: path)
      for member in members { try zip.add(member.name + ".npy", NumpyFile.bytes(member.tensor)) }
      try zip.finish()
    } catch {
      throw DataFileError(file: path, from: error)
    }
  }
}
