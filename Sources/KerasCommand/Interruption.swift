#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Ctrl-C and SIGTERM: the first is noted, to be asked for between two steps; the second ends the program at once.
enum Interruption {
  static var isRequested: Bool { interruptions.pointee > 0 }

  /// From here on the first signal only sets the flag.
  static func watch() {
    interruptions.pointee = 0
    signal(SIGINT, note)
    signal(SIGTERM, note)
    // A parent's thread may have blocked them, which is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}

/// Only ever written by the handler; memory of its own, so that the handler touches nothing that could be initialised late.
nonisolated(unsafe) private let interruptions: UnsafeMutablePointer<sig_atomic_t> = {
  let pointer = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 1)
  pointer.initialize(to: 0)
  return pointer
}()

private func note(_ number: Int32) {
  if interruptions.pointee > 0 { _exit(128 + number) }
  interruptions.pointee = 1
}
