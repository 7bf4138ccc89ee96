import KerasCore

/// An HDF5 file opened for reading, from disk or from memory.
///
/// Objects are named by path (`/model_weights/dense_1`), and a path is followed through hard and soft links: nothing in a
/// file can make this reader open another file. May be used from several threads.
///
/// Written from the format's specification rather than around the library, which trusts what a file says of itself:
/// every number is checked before it is used, and the checksums of new-format files are verified. Read are all versions
/// of superblocks, object headers, groups and chunk indices; compact, contiguous and chunked data with deflate, shuffle,
/// Fletcher's checksum, n-bit, scale-offset and LZF. Refused by name are other filters, external and virtual data, and
/// links to other files.
public final class HDF5File: Sendable {
  /// The file as the caller named it, for messages.
  public let name: String
  let bytes: StoredBytes
  let root: Int
  let heap = StringHeap()
  private let groups = Locked<[Int: GroupLinks]>([:])

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
  public convenience init(_ contents: FileContents, in range: Range<Int>? = nil, name: String) throws(HDF5Error) {
    try self.init(contents, in: range, name: name, verifiesChecksums: true)
  }

  init(
    _ contents: FileContents, in range: Range<Int>? = nil, name: String, verifiesChecksums: Bool
  ) throws(HDF5Error) {
    self.name = name
    let range = range ?? 0..<contents.count
    guard range.lowerBound >= 0, range.upperBound <= contents.count else {
      throw HDF5Error(file: name, .unreadable("it ends early"))
    }
    do {
      let superblock = try Superblock(StoredBytes(contents, in: range, verifiesChecksums: verifiesChecksums))
      bytes = superblock.bytes
      root = superblock.root
    } catch {
      throw HDF5Error(file: name, error)
    }
  }

  /// Lets the system drop from memory what was read of a mapped file; it is read again when needed.
  ///
  /// Descriptions lie all over a file, and each takes its neighbourhood into memory.
  public func releasePages() { bytes.releasePages() }

  // MARK: Objects

  /// What lies at `path`, or `nil` if nothing does.
  public func kind(of path: String) throws(HDF5Error) -> ObjectKind? {
    try about(path) { () throws(HDF5Error.Cause) in try objectIfPresent(path).map { Self.kind(of: $0.header) } }
  }

  /// The names of a group's links in alphabetical order, which says nothing about the order of layers.
  public func children(of path: String) throws(HDF5Error) -> [String] {
    try about(path) { () throws(HDF5Error.Cause) -> [String] in
      let group = try object(path)
      guard group.header.isGroup else { throw .wrongKind("a group is needed here") }
      return try links(of: group).targets.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  struct Object {
    var address: Int
    var header: ObjectHeader
  }

  static func kind(of header: ObjectHeader) -> ObjectKind {
    header.isDataset ? .dataset : header.isGroup ? .group : .other
  }

  func object(_ path: String) throws(HDF5Error.Cause) -> Object {
    guard let object = try objectIfPresent(path) else { throw .missing }
    return object
  }

  /// Follows `path` link by link, so that no link to another file is ever resolved; `nil` also for a soft link to nothing.
  private func objectIfPresent(_ path: String) throws(HDF5Error.Cause) -> Object? {
    var components = try Self.components(path)
    let root = Object(address: root, header: try ObjectHeader(at: root, in: bytes))
    var object = root
    var softLinks = 0
    while !components.isEmpty {
      let component = components.removeFirst()
      if component == "." { continue }
      guard object.header.isGroup else { return nil }
      switch try links(of: object).targets[component] {
      case nil: return nil
      case .object(let address): object = Object(address: address, header: try ObjectHeader(at: address, in: bytes))
      case .soft(let target):
        softLinks += 1
        guard softLinks <= Limits.softLinks else {
          throw .damaged("more than \(Limits.softLinks) soft links follow one another at '\(component)'")
        }
        // A target counts from the root or from the group that holds the link.
        if target.hasPrefix("/") { object = root }
        components = try Self.components(target) + components
      case .external(let file, let path):
        throw .leavesFile("'\(component)' is a link to '\(path)' in another file, '\(file)'")
      }
    }
    return object
  }

  private static func components(_ path: String) throws(HDF5Error.Cause) -> [String] {
    let components = path.split(separator: "/")
    guard components.count <= Limits.depth else { throw .tooLarge("a path of \(components.count) levels") }
    return components.map(String.init)
  }

  func links(of group: Object) throws(HDF5Error.Cause) -> GroupLinks {
    if let known = groups.withLock({ $0[group.address] }) { return known }
    let links = try GroupLinks(of: group.header, in: bytes)
    groups.withLock { $0[group.address] = links }
    return links
  }

  /// Has errors name this file and `object`.
  func about<Value>(
    _ object: String, _ body: () throws(HDF5Error.Cause) -> Value
  ) throws(HDF5Error) -> Value {
    do {
      return try body()
    } catch {
      throw HDF5Error(file: name, object: object, error)
    }
  }

  /// Sizes beyond which a file is taken for an attack rather than a model.
  enum Limits {
    static let depth = 64
    /// As many as the library follows.
    static let softLinks = 16
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
