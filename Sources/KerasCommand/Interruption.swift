import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ctrl-C, SIGTERM and a terminal that is closed.
///
/// They end the program as always, after it has removed the files it was writing. A command that says `watch()` has the
/// first one noted, to be asked for between two steps; the next ends the program at once.
enum Interruption {
  static var isRequested: Bool { signals.pointee.count > 0 }

  /// From here on a signal leaves no unfinished files.
  static func prepare() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    signals.pointee.readingEnd = ends[0]
    signals.pointee.writingEnd = ends[1]
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    guard pthread_create(&thread, nil, { _ in endOnSignal() }, nil) == 0 else { return }
    for number in [SIGINT, SIGTERM, SIGHUP] {
      // What a shell has ignored (in the background, nohup) stays so.
      let former = signal(number, note)
      if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
    }
    unblock([SIGINT, SIGTERM, SIGHUP])
  }

  /// From here on the first Ctrl-C or SIGTERM only sets the flag.
  static func watch() {
    signals.pointee.count = 0
    signals.pointee.isWatched = 1
    signal(SIGINT, note)
    signal(SIGTERM, note)
    unblock([SIGINT, SIGTERM])
  }

  /// Lets signals through that a parent's thread had blocked, which is inherited.
  fileprivate static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }
}

private struct Signals {
  /// How many came.
  var count: sig_atomic_t = 0
  var isWatched: sig_atomic_t = 0
  var readingEnd: Int32 = -1
  var writingEnd: Int32 = -1
}

/// Memory of its own, so that the handler touches nothing that could be initialised late.
nonisolated(unsafe) private let signals: UnsafeMutablePointer<Signals> = {
  let pointer = UnsafeMutablePointer<Signals>.allocate(capacity: 1)
  pointer.initialize(to: Signals())
  return pointer
}()

private func note(_ number: Int32) {
  signals.pointee.count += 1
  if signals.pointee.isWatched != 0, number != SIGHUP, signals.pointee.count == 1 { return }
  // A handler may do next to nothing itself: not remove files, for example.
  var byte = UInt8(truncatingIfNeeded: number)
  if signals.pointee.writingEnd < 0 || write(signals.pointee.writingEnd, &byte, 1) != 1 { _exit(128 + number) }
}

/// Waits for a signal that ends the program, removes what is unfinished and lets it end as the signal does.
private func endOnSignal() -> Never {
  var byte: UInt8 = 0
  while read(signals.pointee.readingEnd, &byte, 1) != 1 {}
  let number = Int32(byte)
  UnfinishedPaths.removeAll {
    if signals.pointee.isWatched == 0 {
      signal(number, SIG_DFL)
      Interruption.unblock([number])
      kill(getpid(), number)
    }
    _exit(128 + number)
  }
}
