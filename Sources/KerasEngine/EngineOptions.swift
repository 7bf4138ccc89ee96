/// How plans are compiled and run.
public struct EngineOptions: Sendable, Hashable {
  /// Threads a step may use, at most two per processor; results depend on it by rounding at most.
  public var threads: Int

  public init(threads: Int = 1) { self.threads = threads }
}
