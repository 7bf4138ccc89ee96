/// How plans are compiled and run.
public struct EngineOptions: Sendable, Hashable {
  /// Threads a step may use; results do not depend on it.
  public var threads: Int

  public init(threads: Int = 1) { self.threads = threads }
}
