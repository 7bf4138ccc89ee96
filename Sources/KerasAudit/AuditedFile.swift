import HDF5
import KerasCore
import KerasFile
import TensorBundle
import ZipArchive

/// A file or folder as its containers say it is, looked at without trusting them and without reading weights.
///
/// Archives, HDF5 files, texts and pickles inside each other are parts of their own. What could not be looked at is a
/// problem, which is an error finding of its own: an audit never passes over what it did not understand.
public struct AuditedFile: Sendable {
  /// A container or text, and where it lies: empty for the file itself, `model.weights.npz#layers/dense.npy` inside.
  public struct Part: Sendable {
    public var container: String
    public var content: Content
  }

  public enum Content: Sendable {
    case archive(ZipListing)
    case hdf5(HDF5Survey)
    case json(JSONSurvey)
    /// The tags of Python objects in a YAML text.
    case yaml(tags: [String])
    case pickle(PickleListing)
    case savedModel(SavedOperations)
    /// Symbolic links in a folder, by name and target.
    case links([(name: String, target: String)])
    /// An archive that lies behind another file's bytes.
    case appended(ZipListing)
  }

  /// A config found in a part; of a file that opens, the one that is read is among them.
  public struct Document: Sendable {
    public var container: String
    public var json: JSON
    /// It describes the whole model, not one object of it.
    public var isWhole = true
  }

  public struct Problem: Sendable, Hashable {
    public var container: String
    public var reason: String
  }

  public private(set) var path: String
  public internal(set) var parts: [Part] = []
  public internal(set) var documents: [Document] = []
  public internal(set) var problems: [Problem] = []

  /// Looks at the file or folder at `path`; never throws.
  public init(_ path: String) {
    self.path = path
    var walk = AuditedFileWalk(file: self)
    walk.start()
    self = walk.file
  }

  /// Looks at an archive's own structure and not at what it holds, whose members are files of their own to an audit.
  init(archive contents: FileContents, path: String) {
    self.path = path
    let listing = ZipListing(contents, name: path)
    parts = [Part(container: "", content: .archive(listing))]
    if let error = listing.problem { problems = [Problem(container: "", reason: "\(error.cause)")] }
  }
}
