import ArgumentParser
import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the processes that read files may take.
struct AuditLimits: ParsableArguments {
  @Option(
    help: ArgumentHelp("Files read at the same time; as many as there are processors if not given.", valueName: "n"))
  var jobs: Int?

  @Option(
    help: ArgumentHelp("Seconds that reading one model, or unpacking one archive, may take.", valueName: "seconds"))
  var timeLimit = 60.0

  @Option(help: ArgumentHelp("Memory that reading one file may take; 2GiB if not given.", valueName: "size"))
  var memoryLimit = ByteCount(value: 2 << 30)

  func validate() throws {
    guard timeLimit > 0, timeLimit.isFinite else {
      throw ValidationError("--time-limit is a positive number of seconds")
    }
    guard (jobs ?? 1) >= 1 else { throw ValidationError("--jobs is at least 1") }
  }

  /// Processes for so many paths.
  func processes(for paths: Int) -> Int {
    min(jobs ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), max(1, paths))
  }
}
