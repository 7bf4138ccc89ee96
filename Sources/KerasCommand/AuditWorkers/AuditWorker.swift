import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The side of the audit that reads files: a process that may die of one.
///
/// It reads a request a line from standard input and answers each with lines of JSON: what it is about to look at, the
/// reports, how many files were no models, and `done`.
struct AuditWorker {
  /// What the other side asks for.
  struct Request {
    var path: String
    var isNamed: Bool
    /// The two files of `--config` and `--weights`, instead of a path.
    var config: String?
    var weights: String?
    var skipped: Set<Int> = []
    var done = -1

    init(path: String, isNamed: Bool, config: String? = nil, weights: String? = nil) {
      self.path = path
      self.isNamed = isNamed
      self.config = config
      self.weights = weights
    }

    init?(_ json: JSON) {
      guard let path = json["path"]?.stringValue else { return nil }
      self.init(
        path: path, isNamed: json["named"]?.boolValue ?? false, config: json["config"]?.stringValue,
        weights: json["weights"]?.stringValue)
      skipped = Set(json["skipped"]?.arrayValue?.compactMap(\.intValue) ?? [])
      done = json["done"]?.intValue ?? -1
    }

    var json: JSON {
      [
        "path": .string(path), "named": .bool(isNamed), "config": config.map { .string($0) } ?? .null,
        "weights": weights.map { .string($0) } ?? .null, "skipped": JSON(skipped.sorted()), "done": JSON(done),
      ]
    }
  }

  /// One line of an answer.
  enum Answer {
    case begins(Int, String)
    case report(AuditReport)
    case other
    case link
    case done

    init?(_ json: JSON) {
      if let number = json["begins"]?.intValue, let name = json["name"]?.stringValue {
        self = .begins(number, name)
      } else if let report = json["report"].flatMap({ AuditReport($0) }) {
        self = .report(report)
      } else {
        switch json {
        case "other": self = .other
        case "link": self = .link
        case "done": self = .done
        default: return nil
        }
      }
    }

    var json: JSON {
      switch self {
      case .begins(let number, let name): ["begins": JSON(number), "name": .string(name)]
      case .report(let report): ["report": report.json]
      case .other: "other"
      case .link: "link"
      case .done: "done"
      }
    }
  }

  var audit: ArchiveAudit
  /// Bytes of memory of its own that the process may have.
  var memoryLimit: Int

  func run() {
    limit()
    while let line = readLine() {
      guard let request = (try? JSON(parsing: line)).flatMap({ Request($0) }) else { return }
      var audit = audit
      audit.skipped = request.skipped
      audit.done = request.done
      if let config = request.config, let weights = request.weights {
        let stamped = audit.stamped
        audit.companions = [weights]
        audit.openNamed = { _ in stamped(try ModelFile.open(config: config, weights: weights)) }
      }
      audit.run(request.path, isNamed: request.isNamed) { event in
        switch event {
        case .begins(let number, let name): Self.answer(.begins(number, name))
        case .report(let report): Self.answer(.report(report))
        case .other: Self.answer(.other)
        case .link: Self.answer(.link)
        }
      }
      Self.answer(.done)
    }
  }

  /// Mapped files do not count, only memory that is written to does; a core file of gigabytes helps nobody.
  private func limit() {
    var data = rlimit(rlim_cur: rlim_t(memoryLimit), rlim_max: rlim_t(memoryLimit))
    var core = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Darwin)
      setrlimit(RLIMIT_DATA, &data)
      setrlimit(RLIMIT_CORE, &core)
    #else
      setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &data)
      setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
    #endif
  }

  private static func answer(_ answer: Answer) { Terminal.print(answer.json.text()) }
}
