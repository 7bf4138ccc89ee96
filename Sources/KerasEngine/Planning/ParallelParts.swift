import CKernels

/// Work in independent parts, as many at once as there are threads; running it allocates nothing.
final class ParallelParts {
  /// What went wrong in one part.
  private final class Outcome {
    var error: EngineError?
  }

  private let body: (_ part: Int) throws(EngineError) -> Void
  private let outcomes: [Outcome]

  init(_ count: Int, _ body: @escaping (_ part: Int) throws(EngineError) -> Void) {
    self.body = body
    outcomes = (0..<count).map { _ in Outcome() }
  }

  /// Throws the error of the first part that has one, after all have ended.
  func run() throws(EngineError) {
    kk_each_part(
      outcomes.count,
      { context, part in
        guard let context else { return }
        Unmanaged<ParallelParts>.fromOpaque(context).takeUnretainedValue().runPart(part)
      }, Unmanaged.passUnretained(self).toOpaque())
    var first: EngineError?
    for outcome in outcomes {
      first = first ?? outcome.error
      outcome.error = nil
    }
    if let first { throw first }
  }

  private func runPart(_ part: Int) {
    do { try body(part) } catch { outcomes[part].error = error }
  }
}
