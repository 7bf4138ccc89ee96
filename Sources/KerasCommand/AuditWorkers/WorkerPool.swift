import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Audits many paths in several processes, each under a limit of memory and time; a process that dies costs one finding.
struct WorkerPool {
  /// What all paths came to.
  struct Outcome {
    /// In the order of the paths.
    var reports: [AuditReport] = []
    /// Files that are no models, and links that were not followed.
    var others = 0
    var links = 0
  }

  /// The arguments that make this program a worker.
  var arguments: [String]
  var jobs: Int
  var timeLimit: Double
  var memoryLimit: Int
  /// How often the rest of an archive is tried after a member ended its process.
  var retries = 16

  /// One path's state.
  private struct Work {
    var request: AuditWorker.Request
    var reports: [AuditReport] = []
    /// What is looked at now.
    var number = -1
    var name: String
    var others = 0
    var links = 0
    var deaths = 0
  }

  private final class Slot {
    let process: WorkerProcess
    var work: Int?
    var deadline = ContinuousClock.now

    init(_ process: WorkerProcess) { self.process = process }
  }

  /// Runs until every path has its answer; `progress` hears how many have.
  ///
  /// Throws if no process can be started, and `ExitStatus.interrupted` on Ctrl-C.
  func run(_ requests: [AuditWorker.Request], progress: (Int, String) -> Void) throws -> Outcome {
    // Writing to a process that died must be an error, not a signal.
    signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, SIG_DFL) }
    Interruption.watch()
    let scratch = try ScratchFolder()
    defer { withExtendedLifetime(scratch) {} }
    var work = requests.map { Work(request: $0, name: $0.path) }
    var waiting = Array(work.indices.reversed())
    var slots: [Slot] = []
    var finished = 0
    let limit = Duration.seconds(timeLimit)

    while finished < work.count {
      if Interruption.isRequested { throw ExitStatus.interrupted }
      while slots.count < jobs, !waiting.isEmpty {
        slots.append(Slot(try WorkerProcess(arguments, scratch: scratch.path)))
        assign(&slots[slots.count - 1], &work, &waiting, limit)
      }
      let now = ContinuousClock.now
      let soonest = slots.map(\.deadline).min() ?? now
      var polled = slots.map { pollfd(fd: $0.process.output, events: Int16(POLLIN), revents: 0) }
      let milliseconds = min(1000, max(0, (soonest - now).inSeconds * 1000).rounded(.up))
      guard poll(&polled, nfds_t(polled.count), Int32(milliseconds)) >= 0 || errno == EINTR else {
        throw CommandFailure.input("processes cannot be waited for: \(String(cString: strerror(errno)))")
      }
      for (index, slot) in slots.enumerated().reversed() {
        guard let number = slot.work else { continue }
        var isDead = false
        if polled[index].revents != 0 {
          if let lines = slot.process.lines() {
            for line in lines where take(line, &work[number]) {
              finished += 1
              slot.work = nil
            }
            slot.deadline = .now + limit
          } else {
            isDead = true
          }
        }
        let isLate = !isDead && slot.work != nil && ContinuousClock.now >= slot.deadline
        if isDead || isLate {
          let end = slot.process.end(killing: isLate)
          slots.remove(at: index)
          bury(&work[number], end, isLate: isLate)
          if work[number].deaths > retries || work[number].number < 0 {
            finished += 1
          } else {
            waiting.append(number)
          }
        } else if slot.work == nil {
          var free = slot
          assign(&free, &work, &waiting, limit)
          if free.work == nil { slots.remove(at: index) }
        }
      }
      progress(finished, work.indices.contains(finished) ? work[finished].request.path : "")
    }
    return Outcome(
      reports: work.flatMap(\.reports), others: work.reduce(0) { $0 + $1.others },
      links: work.reduce(0) { $0 + $1.links })
  }

  private func assign(_ slot: inout Slot, _ work: inout [Work], _ waiting: inout [Int], _ limit: Duration) {
    guard let next = waiting.popLast() else { return }
    slot.work = next
    slot.process.send(work[next].request.json.text())
    slot.deadline = .now + limit
  }

  /// Takes one line of an answer; `true` if it was the last.
  private func take(_ line: String, _ work: inout Work) -> Bool {
    guard let answer = (try? JSON(parsing: line)).flatMap({ AuditWorker.Answer($0) }) else { return false }
    switch answer {
    case .begins(let number, let name):
      // What came before it is done, should the process die of this one.
      work.request.done = number - 1
      work.number = number
      work.name = name
    case .report(let report): work.reports.append(report)
    case .other: work.others += 1
    case .link: work.links += 1
    case .done: return true
    }
    return false
  }

  /// Writes down what ended a process; what follows in the archive is still to be audited.
  private func bury(_ work: inout Work, _ end: WorkerProcess.End, isLate: Bool) {
    // A process that ends before it begins another part than the last one's would do so again and again.
    let isStuck = work.number >= 0 && !work.request.skipped.insert(work.number).inserted
    work.deaths = isStuck ? retries + 1 : work.deaths + 1
    let name = isStuck ? work.request.path : work.name
    // Counted anew when the rest is tried.
    (work.others, work.links) = (0, 0)
    let (rule, summary, advice): (String, String, String)
    if isLate {
      rule = "audit-timeout"
      summary = "Reading it took longer than the \(NumberText.short(timeLimit)) s it may take."
      advice = "If the file is trusted, give more with --time-limit."
    } else if end.words.contains("failed to allocate") || end.words.contains("bad_alloc") {
      rule = "audit-memory"
      summary = "Reading it needs more than the \(memoryLimit >> 20) MiB of memory it may have."
      advice = "If the file is trusted, give more with --memory-limit."
    } else {
      rule = "audit-crash"
      let manner = end.signal.map { "signal \($0)" } ?? "exit code \(end.status)"
      let words = end.words.split(whereSeparator: \.isNewline).first.map { ": \($0)" } ?? ""
      summary = "It ended the process that read it (\(manner))\(words)."
      advice = "Do not load it elsewhere before the reason is known."
    }
    work.reports.append(
      AuditReport(
        file: name,
        findings: [
          Finding(
            rule: rule, severity: .error, location: SourceLocation(file: name),
            summary: isStuck ? summary + " The rest was not audited." : summary, advice: advice)
        ]))
    if !isStuck, work.deaths > retries {
      work.reports.append(
        AuditReport(
          file: work.request.path,
          findings: [
            Finding(
              rule: "audit-crash", severity: .error, location: SourceLocation(file: work.request.path),
              summary: "\(work.deaths) parts of it ended the process that read it: the rest was not audited.",
              advice: "Take it apart and audit what it holds.")
          ]))
    }
  }
}
