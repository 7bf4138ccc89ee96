import CHDF5
import KerasCore

/// An HDF5 file opened for reading, from disk or from memory.
///
/// Objects are named by path (`/model_weights/dense_1`), and a path is followed through ordinary (hard) links only:
/// nothing in a file can make this reader open another file. May be used from several threads.
public final class HDF5File: Sendable {
  /// The file as the caller named it, for messages.
  public let name: String
  let root: hid_t
  /// What the library reads: the HDF5 file lies in `range` of `contents`.
  let contents: FileContents
  let range: Range<Int>
  let heap = StringHeap()

  /// What a name in a group stands for.
  public enum ObjectKind: Sendable, Hashable { case group, dataset, other }

  /// Opens the file at `path`; a user block before the HDF5 content is skipped.
  ///
  /// Throws `HDF5Error.unreadable` for anything that is not a whole HDF5 file.
  public convenience init(path: String) throws(HDF5Error) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      throw HDF5Error(file: path, .unreadable("\(error.cause)"))
    }
    try self.init(contents, name: path)
  }

  /// Opens an HDF5 file that lies in `range` of bytes in memory, without copying them.
  public init(_ contents: FileContents, in range: Range<Int>? = nil, name: String) throws(HDF5Error) {
    self.name = name
    self.contents = contents
    let range = range ?? 0..<contents.count
    guard range.lowerBound >= 0, range.upperBound <= contents.count else {
      throw HDF5Error(file: name, .unreadable("it ends early"))
    }
    guard !range.isEmpty else { throw HDF5Error(file: name, .unreadable("it is empty")) }
    self.range = range
    // The pointer outlives the closure because `contents` does.
    let bytes = contents.withBytes { UnsafeRawBufferPointer(rebasing: $0[range]) }
    let library = HDF5Library.shared
    root = try library.locked { () throws(HDF5Error) -> hid_t in
      guard let access = HDF5Handle(H5Pcreate(keraskit_h5_file_access())),
        keraskit_h5_use_memory(access.id, library.memoryDriver, bytes.baseAddress, bytes.count) >= 0
      else { throw Self.unreadable(name) }
      let id = H5Fopen(name, keraskit_h5_read_only(), access.id)
      guard id >= 0 else { throw Self.unreadable(name) }
      return id
    }
  }

  deinit {
    HDF5Library.shared.locked { () -> Void in
      H5Fclose(root)
    }
  }

  private static func unreadable(_ name: String) -> HDF5Error {
    HDF5Error(file: name, .unreadable(HDF5Library.lastFailure()))
  }

  // MARK: Objects

  /// What lies at `path`, or `nil` if nothing does.
  public func kind(of path: String) throws(HDF5Error) -> ObjectKind? {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> ObjectKind? in
      guard let object = try openIfPresent(path) else { return nil }
      return Self.kind(of: object)
    }
  }

  /// The names of a group's links in alphabetical order, which says nothing about the order of layers.
  public func children(of path: String) throws(HDF5Error) -> [String] {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> [String] in
      let group = try openObject(path, as: .group)
      var info = H5G_info_t()
      guard H5Gget_info(group.id, &info) >= 0 else { throw damaged(path) }
      guard info.nlinks <= Limits.links else {
        throw HDF5Error(file: name, object: path, .tooLarge("a group of \(info.nlinks) members"))
      }
      var names: [String] = []
      for index in 0..<info.nlinks {
        names.append(try linkName(in: group.id, at: index, path))
      }
      return names
    }
  }

  private func linkName(in group: hid_t, at index: UInt64, _ path: String) throws(HDF5Error) -> String {
    let length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, index, nil, 0, HDF5Library.defaults)
    guard length >= 0, length <= Limits.nameLength else { throw damaged(path) }
    var buffer = [CChar](repeating: 0, count: length + 1)
    guard
      H5Lget_name_by_idx(
        group, ".", H5_INDEX_NAME, H5_ITER_INC, index, &buffer, buffer.count, HDF5Library.defaults) >= 0
    else { throw damaged(path) }
    return String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func kind(of object: borrowing HDF5Handle) -> ObjectKind {
    switch H5Iget_type(object.id) {
    case H5I_GROUP, H5I_FILE: .group
    case H5I_DATASET: .dataset
    default: .other
    }
  }

  func openObject(_ path: String, as kind: ObjectKind? = nil) throws(HDF5Error) -> HDF5Handle {
    guard let object = try openIfPresent(path) else { throw HDF5Error(file: name, object: path, .missing) }
    if let kind, Self.kind(of: object) != kind {
      let message = kind == .group ? "a group is needed here" : "a data set is needed here"
      throw HDF5Error(file: name, object: path, .wrongKind(message))
    }
    return object
  }

  /// Follows `path` link by link, so that no link of another kind than hard is ever resolved.
  private func openIfPresent(_ path: String) throws(HDF5Error) -> HDF5Handle? {
    let components = path.split(separator: "/")
    guard components.count <= Limits.depth else {
      throw HDF5Error(file: name, object: path, .tooLarge("a path of \(components.count) levels"))
    }
    guard var object = HDF5Handle(H5Gopen2(root, "/", HDF5Library.defaults)) else { throw damaged("/") }
    for component in components {
      guard Self.kind(of: object) == .group else { return nil }
      let link = keraskit_h5_link_type(object.id, String(component))
      switch link {
      case -1: return nil
      case Int32(H5L_TYPE_HARD.rawValue): break
      case Int32(H5L_TYPE_SOFT.rawValue):
        throw HDF5Error(file: name, object: path, .leavesFile("'\(component)' is a soft link"))
      default: throw HDF5Error(file: name, object: path, .leavesFile("'\(component)' is a link to another file"))
      }
      guard let next = HDF5Handle(H5Oopen(object.id, String(component), HDF5Library.defaults)) else {
        throw damaged(path)
      }
      object = next
    }
    return object
  }

  func damaged(_ object: String) -> HDF5Error {
    HDF5Error(file: name, object: object, .damaged(HDF5Library.lastFailure()))
  }

  /// Sizes beyond which a file is taken for an attack rather than a model.
  enum Limits {
    static let depth = 64
    static let links: UInt64 = 1_000_000
    static let nameLength = 1 << 16
    static let rank = 32
    static let attributeBytes = 256 << 20
    /// Strings of a data set or attribute.
    static let strings = 4 << 20
    /// Declared sizes up to this are allocated without a look at the storage behind them.
    static let unquestionedBytes = 64 << 20
    /// Deflate reaches 1032 : 1 on zeros; more than this cannot be data.
    static let expansion = 1000
  }
}
