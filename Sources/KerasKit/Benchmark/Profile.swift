import KerasCore
import KerasEngine

/// How long each step of a plan takes.
public struct Profile: Sendable {
  public struct Step: Sendable, Hashable {
    /// The layer it belongs to, `""` where it belongs to none.
    public var layer: String
    /// The operations, joined by `+` where they run as one.
    public var name: String
    /// oneDNN's name of the implementation, or `own …`.
    public var implementation: String
    /// The median of its durations in milliseconds.
    public var milliseconds: Double
    /// Floating-point operations of products and convolutions.
    public var work: Double
    /// Whether oneDNN computes it by its slow reference implementation.
    public var isReference: Bool { implementation.hasPrefix("ref") }
  }

  /// In running order.
  public var steps: [Step]
  public var calls: Int
  public var milliseconds: Double { steps.reduce(0) { $0 + $1.milliseconds } }

  /// Layers by time, the longest first, with their implementations in running order.
  public var layers: [(layer: String, milliseconds: Double, work: Double, implementations: [String])] {
    var found: [String: (milliseconds: Double, work: Double, implementations: [String])] = [:]
    for step in steps {
      var layer = found[step.layer] ?? (0, 0, [])
      layer.milliseconds += step.milliseconds
      layer.work += step.work
      if !layer.implementations.contains(step.implementation) { layer.implementations.append(step.implementation) }
      found[step.layer] = layer
    }
    return found.map { ($0.key, $0.value.milliseconds, $0.value.work, $0.value.implementations) }
      .sorted { ($1.milliseconds, $0.layer) < ($0.milliseconds, $1.layer) }
  }

  /// The run as a Chrome trace (`chrome://tracing`, Perfetto): one event a step, one after another, by their medians.
  public var trace: JSON {
    var start = 0.0
    let events = steps.map { step -> JSON in
      defer { start += step.milliseconds * 1000 }
      return [
        "name": .string(step.layer.isEmpty ? step.name : "\(step.layer): \(step.name)"), "cat": .string(step.name),
        "ph": "X", "ts": .number(start), "dur": .number(step.milliseconds * 1000), "pid": 1, "tid": 1,
        "args": [
          "layer": .string(step.layer), "implementation": .string(step.implementation), "flop": .number(step.work),
        ],
      ]
    }
    return ["traceEvents": .array(events), "displayTimeUnit": "ms"]
  }

  /// Repeats a call for so long, at least three times after two to warm up.
  static func measure(_ plan: Plan, seconds: Double, _ body: () throws -> [Double]) throws -> Profile {
    let clock = ContinuousClock()
    for _ in 0..<2 { _ = try body() }
    var durations = [[Double]](repeating: [], count: plan.stepDescriptions.count)
    var calls = 0
    let end = clock.now + .seconds(seconds)
    while clock.now < end || calls < 3 {
      for (index, duration) in try body().enumerated() { durations[index].append(duration) }
      calls += 1
    }
    let steps = zip(plan.stepDescriptions, durations).map { description, durations in
      let sorted = durations.sorted()
      return Step(
        layer: description.scope, name: description.name, implementation: description.implementation,
        milliseconds: sorted[sorted.count / 2] * 1000, work: description.work)
    }
    return Profile(steps: steps, calls: calls)
  }
}
