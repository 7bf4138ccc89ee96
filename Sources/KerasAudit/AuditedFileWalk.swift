import HDF5
import KerasCore
import KerasFile
import TensorBundle
import ZipArchive

/// Looks into a file's containers, one inside the other.
struct AuditedFileWalk {
  /// The reader's limit for texts in an archive.
  private static let maximumText = 256 << 20
  /// Compressed members beyond this are not unpacked to look into them.
  private static let maximumUnpacked = 1 << 30
  /// Enough for what tells kinds apart: a NumPy header, an HDF5 signature behind a user block.
  private static let headSize = 1 << 16
  private static let maximumNesting = 3
  private static let maximumFiles = 20_000
  private static let maximumFolderDepth = 16
  /// Bytes that are unpacked or read as text in all, and HDF5 files inside: members may share their bytes.
  private static let maximumEffort = 4 << 30
  private static let maximumHDF5Files = 2_000

  var file: AuditedFile
  private var files = 0
  private var effort = 0
  private var hdf5Files = 0

  init(file: AuditedFile) { self.file = file }

  mutating func start() {
    if FolderListing.isFolder(file.path) {
      folder(file.path, name: "", depth: 0)
    } else {
      regular(file.path, container: "")
    }
  }

  private mutating func problem(_ container: String, _ reason: String) {
    file.problems.append(AuditedFile.Problem(container: container, reason: reason))
  }

  private mutating func add(_ container: String, _ content: AuditedFile.Content) {
    file.parts.append(AuditedFile.Part(container: container, content: content))
  }

  /// Whether so many bytes more may be looked at; if not, that is a problem.
  private mutating func mayRead(_ count: Int, _ container: String) -> Bool {
    effort += count
    guard effort <= Self.maximumEffort else {
      problem(container, "more than \(Self.maximumEffort >> 30) GiB would have to be unpacked or read")
      return false
    }
    return true
  }

  // MARK: Folders and files

  private mutating func folder(_ path: String, name: String, depth: Int) {
    guard depth <= Self.maximumFolderDepth else { return problem(name, "folders are nested \(depth) deep") }
    let names: [String]
    do {
      names = try FolderListing.names(in: path)
    } catch {
      return problem(name, "\(error.cause)")
    }
    var links: [(name: String, target: String)] = []
    for entry in names {
      files += 1
      guard files <= Self.maximumFiles else { return problem(name, "it holds more than \(Self.maximumFiles) files") }
      let (child, inner) = ("\(path)/\(entry)", name.isEmpty ? entry : "\(name)/\(entry)")
      if let target = FolderListing.link(at: child) {
        links.append((inner, target))
      } else if FolderListing.isFolder(child) {
        folder(child, name: inner, depth: depth + 1)
      } else {
        regular(child, container: inner)
      }
    }
    if !links.isEmpty { add(name, .links(links)) }
    if names.contains("saved_model.pb") { savedModel(path, name) }
  }

  private mutating func regular(_ path: String, container: String) {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      return problem(container, "\(error.cause)")
    }
    visit(contents, 0..<contents.count, container, nesting: 0)
  }

  private mutating func savedModel(_ path: String, _ name: String) {
    guard let contents = try? FileContents(path: "\(path)/saved_model.pb") else { return }
    let container = name.isEmpty ? "saved_model.pb" : "\(name)/saved_model.pb"
    guard contents.count <= Self.maximumUnpacked else { return problem(container, "it has \(contents.count) bytes") }
    let bytes = contents.array()
    let operations = SavedOperations(savedModel: bytes)
    add(container, .savedModel(operations))
    if operations.isDamaged { problem(container, "it cannot be decoded as a SavedModel") }
    let metadata = (try? FileContents(path: "\(path)/keras_metadata.pb"))?.array()
    guard let objects = try? ObjectGraph(savedModel: bytes, kerasMetadata: metadata) else { return }
    for text in objects.nodes.compactMap(\.metadata) {
      guard let json = try? JSON(parsing: Array(text.utf8)) else { continue }
      file.documents.append(AuditedFile.Document(container: "keras_metadata.pb", json: json, isWhole: false))
    }
  }

  // MARK: Bytes

  /// What lies in `range` of `contents`.
  private mutating func visit(_ contents: FileContents, _ range: Range<Int>, _ container: String, nesting: Int) {
    guard nesting <= Self.maximumNesting else { return problem(container, "containers are nested \(nesting) deep") }
    let kind = contents.withBytes { ContainerKind(UnsafeRawBufferPointer(rebasing: $0[range])) }
    switch kind {
    case .zip: archive(ZipListing(contents, in: range, name: file.path), container, nesting: nesting)
    case .hdf5:
      hdf5(contents, range, container)
      appended(contents, range, container, nesting: nesting)
    case .json: json(contents, range, container)
    case .yaml: yaml(contents, range, container)
    case .unknown, .safetensors:
      if container.isEmpty { appended(contents, range, container, nesting: nesting) }
      pickle(contents, range, container)
    }
  }

  /// Keras finds an archive by its end, so one may hide behind another file.
  private mutating func appended(_ contents: FileContents, _ range: Range<Int>, _ container: String, nesting: Int) {
    let listing = ZipListing(contents, in: range, name: file.path)
    guard listing.problem == nil, !listing.entries.isEmpty else { return }
    add(container, .appended(listing))
    archive(listing, container, nesting: nesting)
  }

  private mutating func archive(_ listing: ZipListing, _ container: String, nesting: Int) {
    add(container, .archive(listing))
    if let error = listing.problem { problem(container, "\(error.cause)") }
    for entry in listing.entries.prefix(Self.maximumFiles) where !entry.name.hasSuffix("/") {
      let name = container.isEmpty ? entry.name : "\(container)#\(entry.name)"
      if let place = listing.place(of: entry) {
        visit(listing.contents, place, name, nesting: nesting + 1)
        continue
      }
      guard let head = listing.content(of: entry, limit: Self.headSize) else {
        problem(name, entry.isEncrypted ? "it is encrypted" : "its content cannot be unpacked")
        continue
      }
      guard isWorthUnpacking(head) else { continue }
      guard !entry.isBomb, entry.size <= Self.maximumUnpacked else {
        problem(name, "it is too large to be unpacked: \(entry.size) bytes")
        continue
      }
      guard mayRead(entry.size, name) else { return }
      guard let content = listing.content(of: entry, limit: entry.size) else {
        problem(name, "its content cannot be unpacked")
        continue
      }
      visit(FileContents(content), 0..<content.count, name, nesting: nesting + 1)
    }
    if listing.entries.count > Self.maximumFiles { problem(container, "it has \(listing.entries.count) members") }
  }

  /// Arrays of numbers are weights, which are left alone.
  private func isWorthUnpacking(_ head: [UInt8]) -> Bool {
    guard head.starts(with: [0x93] + Array("NUMPY".utf8)) else { return true }
    return PickleListing.pickleStart(head) != nil
  }

  private func bytes(_ contents: FileContents, _ range: Range<Int>) -> [UInt8] {
    contents.withBytes { Array($0[range]) }
  }

  private mutating func hdf5(_ contents: FileContents, _ range: Range<Int>, _ container: String) {
    hdf5Files += 1
    guard hdf5Files <= Self.maximumHDF5Files else { return problem(container, "there are too many HDF5 files") }
    do throws(HDF5Error) {
      let hdf5 = try HDF5File(contents, in: range, name: file.path)
      let survey = hdf5.survey()
      add(container, .hdf5(survey))
      for error in survey.problems { problem(join(container, error.object), "\(error.cause)") }
      if survey.isCutShort { problem(container, "it holds more objects than are looked at") }
      for name in ["model_config", "training_config"] where (try? hdf5.hasAttribute(name, of: "/")) == true {
        let place = join(container, "/ attribute \(name)")
        guard let text = try hdf5.text(name, of: "/") else { continue }
        document(Array(text.utf8), place)
      }
    } catch {
      problem(join(container, error.object), "\(error.cause)")
    }
  }

  private func join(_ container: String, _ object: String) -> String {
    object.isEmpty ? container : container.isEmpty ? object : "\(container)#\(object)"
  }

  // MARK: Texts

  private mutating func json(_ contents: FileContents, _ range: Range<Int>, _ container: String) {
    guard range.count <= Self.maximumText else { return problem(container, "a text of \(range.count) bytes") }
    guard mayRead(range.count, container) else { return }
    document(bytes(contents, range), container)
  }

  private mutating func document(_ text: [UInt8], _ container: String) {
    add(container, .json(JSONSurvey(text)))
    do {
      var json = try JSON(parsing: text)
      if let inner = json.stringValue {
        add(container, .json(JSONSurvey(Array(inner.utf8))))
        json = try JSON(parsing: inner)
      }
      file.documents.append(AuditedFile.Document(container: container, json: json))
    } catch {
      // A vocabulary may begin with a bracket too; what is read as JSON is named so, or lies in an attribute.
      if !Self.isAsset(container) { problem(container, "\(error)") }
    }
  }

  /// A text among the files that layers bring along, which readers take as lines.
  private static func isAsset(_ container: String) -> Bool {
    container.split(whereSeparator: { $0 == "/" || $0 == "#" }).dropLast().contains("assets")
      && !container.hasSuffix(".json")
  }

  private mutating func yaml(_ contents: FileContents, _ range: Range<Int>, _ container: String) {
    guard range.count <= Self.maximumText else { return problem(container, "a text of \(range.count) bytes") }
    guard mayRead(range.count, container) else { return }
    add(container, .yaml(tags: YAMLTags.python(bytes(contents, range))))
  }

  /// A pickle, or an array of Python objects.
  private mutating func pickle(_ contents: FileContents, _ range: Range<Int>, _ container: String) {
    let (start, looksLikeOne) = contents.withBytes { bytes in
      let part = UnsafeRawBufferPointer(rebasing: bytes[range])
      return (PickleListing.pickleStart(Array(part.prefix(Self.headSize))), PickleListing.looksLikeOne(part))
    }
    guard let from = start ?? (looksLikeOne ? 0 : nil) else { return }
    guard range.count <= Self.maximumUnpacked else { return problem(container, "a pickle of \(range.count) bytes") }
    guard mayRead(range.count, container) else { return }
    let listing = PickleListing(bytes(contents, range)[from...])
    add(container, .pickle(listing))
    if let reason = listing.problem { problem(container, "the pickle: \(reason)") }
  }
}

/// The tags of YAML that stand for Python objects.
enum YAMLTags {
  private static let marks = ["!!python/", "!<tag:yaml.org,2002:python/", "%TAG"]

  /// Each tag once, as written, in the order of the text; tags that only look like one inside a text are listed too.
  static func python(_ bytes: [UInt8]) -> [String] {
    var found: [String] = []
    var seen: Set<String> = []
    for position in bytes.indices where bytes[position] == UInt8(ascii: "!") || bytes[position] == UInt8(ascii: "%") {
      guard marks.contains(where: { bytes[position...].starts(with: $0.utf8) }) else { continue }
      let tag = String(decoding: bytes[position...].prefix(200).prefix { $0 > 0x20 }, as: UTF8.self)
      if seen.insert(tag).inserted { found.append(tag) }
    }
    return found
  }
}
