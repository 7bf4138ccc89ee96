import KerasCore

/// Everything an HDF5 file holds and what may be wrong with it, for who judges a file rather than reads it.
///
/// All objects are visited through hard links, each once; no elements are read. What one object hides does not hide the
/// others: its error is kept and the walk goes on.
public struct HDF5Survey: Sendable {
  /// A name that does not stand for an object of this file's own.
  public struct Link: Sendable, Hashable {
    public var path: String
    public var target: String
    /// The file it leads to; `nil` for a soft link, which is a path in the same file.
    public var file: String?
  }

  public private(set) var objects = 0
  /// Soft links and links to other files.
  public private(set) var links: [Link] = []
  /// Data sets whose elements lie in another file or in other data sets, with the reader's words for it.
  public private(set) var borrowed: [HDF5Error] = []
  /// Data sets and other parts that declare more than is stored of them.
  public private(set) var oversized: [HDF5Error] = []
  /// Hard links that lead back to a group they are in.
  public private(set) var cycles: [String] = []
  /// Groups that lie deeper than paths are followed; what is in them was not seen.
  public private(set) var tooDeep: [String] = []
  /// Objects of more attributes than Keras' longest lists are split into.
  public private(set) var crowded: [(path: String, attributes: Int)] = []
  /// What could not be understood.
  public private(set) var problems: [HDF5Error] = []
  /// The walk ended at its limit, with objects left.
  public private(set) var isCutShort = false

  static let maximumObjects = 200_000
  /// Keras splits a list of 100 000 long names into some hundred attributes.
  static let maximumAttributes = 4_096

  fileprivate init(of file: HDF5File) {
    var walk = Walk(file: file, survey: self)
    walk.run()
    self = walk.survey
  }

  private struct Walk {
    struct Step {
      var path: String
      var address: Int
      /// The groups on the way, by address.
      var above: [Int]
    }

    let file: HDF5File
    var survey: HDF5Survey
    var seen: Set<Int> = []
    var steps: [Step] = []

    init(file: HDF5File, survey: HDF5Survey) {
      self.file = file
      self.survey = survey
      steps = [Step(path: "/", address: file.root, above: [])]
    }

    mutating func run() {
      while let step = steps.popLast() {
        guard seen.insert(step.address).inserted else { continue }
        guard survey.objects < HDF5Survey.maximumObjects else {
          survey.isCutShort = true
          return
        }
        survey.objects += 1
        do throws(HDF5Error.Cause) {
          try visit(step)
        } catch {
          note(error, step.path)
        }
      }
    }

    private mutating func note(_ cause: HDF5Error.Cause, _ path: String) {
      let error = HDF5Error(file: file.name, object: path, cause)
      switch cause {
      case .leavesFile: survey.borrowed.append(error)
      case .tooLarge: survey.oversized.append(error)
      // No Keras tensor has such elements, but its place and size are known.
      case .unsupportedType: break
      default: survey.problems.append(error)
      }
    }

    private mutating func visit(_ step: Step) throws(HDF5Error.Cause) {
      let header = try ObjectHeader(at: step.address, in: file.bytes)
      if header.isGroup { try visitGroup(step, header) }
      let attributes = try file.attributes(of: header).count
      if attributes > HDF5Survey.maximumAttributes { survey.crowded.append((step.path, attributes)) }
      if header.isDataset { _ = try file.dataset(header) }
    }

    private mutating func visitGroup(_ step: Step, _ header: ObjectHeader) throws(HDF5Error.Cause) {
      let targets = try file.links(of: HDF5File.Object(address: step.address, header: header)).targets
      for (name, target) in targets.sorted(by: { $0.key > $1.key }) {
        let path = step.path == "/" ? "/\(name)" : "\(step.path)/\(name)"
        switch target {
        case .soft(let target): survey.links.append(Link(path: path, target: target))
        case .external(let other, let target): survey.links.append(Link(path: path, target: target, file: other))
        case .object(let address):
          if address == step.address || step.above.contains(address) {
            survey.cycles.append(path)
          } else if step.above.count + 1 >= HDF5File.Limits.depth {
            survey.tooDeep.append(path)
          } else {
            steps.append(Step(path: path, address: address, above: step.above + [step.address]))
          }
        }
      }
    }
  }
}

extension HDF5File {
  /// What the file holds and what may be wrong with it; no elements are read.
  public func survey() -> HDF5Survey { HDF5Survey(of: self) }
}
