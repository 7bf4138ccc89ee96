/// A line that grows while work goes on; shown on terminals only, and only for work that takes over a second.
///
/// Called by one thread at a time.
final class ProgressBar: @unchecked Sendable {
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now
  private var isShown = false
  private let delay: Duration

  /// `delay`: how long to wait before anything is shown.
  init(delay: Duration = .seconds(1)) { self.delay = delay }

  var elapsed: Duration { .now - start }

  func show(done: Int, total: Int, _ text: @autoclosure () -> String) {
    guard Terminal.errorIsTerminal else { return }
    let now = ContinuousClock.now
    guard now - start >= delay, now - last >= .milliseconds(80) || done == total else { return }
    last = now
    isShown = true
    let width = 24
    let filled = total > 0 ? min(width, done * width / total) : 0
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    Terminal.writeProgress("\r\u{1b}[K\(bar) \(done)/\(total) \(text())")
  }

  /// Says what is being done, where the whole takes over a second.
  func show(_ text: String) {
    guard Terminal.errorIsTerminal, ContinuousClock.now - start >= delay else { return }
    isShown = true
    Terminal.writeProgress("\r\u{1b}[K\(Terminal.printable(text)) …")
  }

  func clear() {
    guard isShown else { return }
    isShown = false
    Terminal.writeProgress("\r\u{1b}[K")
  }
}

extension Duration {
  /// As a number of seconds.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
