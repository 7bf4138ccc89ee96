import KerasKit

/// What `benchmark` measured, in words and as JSON.
struct BenchmarkText {
  var times: BenchmarkTimes
  var batch: Int
  var threads: Int
  var precision: Precision
  var isTraining = false
  /// From float32, of the largest output; `nil` in float32.
  var difference: Double?
  var profile: Profile?

  var text: String {
    var lines = [
      "median \(short(times.median)) ms, minimum \(short(times.minimum)) ms, 90 % within \(short(times.p90)) ms, "
        + "\(times.calls) calls",
      "\(short(Double(batch) / times.median * 1000)) samples/s, \(threads) \(threads == 1 ? "thread" : "threads"), "
        + "peak memory \(short(Double(BenchmarkTimes.peakMemory) / 1e6, digits: 3)) MB",
    ]
    if times.work > 0 {
      lines.append(
        "\(short(times.work / 1e6)) MFLOP a call, \(short(times.rate / 1e9, digits: 3)) GFLOP/s: "
          + "\(short(times.shareOfPeak * 100, digits: 3)) % of the \(short(times.peak / 1e9, digits: 3)) GFLOP/s peak")
    }
    if let recomputation = times.recomputation { lines.append(PreviewText.text(recomputation)) }
    if let difference {
      lines.append(
        "\(precision.rawValue): outputs differ from float32's by at most \(short(difference, digits: 2)) of the largest"
      )
    }
    if let profile { lines.append("\n" + table(profile)) }
    return lines.joined(separator: "\n")
  }

  var json: JSON {
    var json: JSON = [
      "median_ms": .number(times.median), "min_ms": .number(times.minimum), "p90_ms": .number(times.p90),
      "calls": JSON(times.calls), "batch": JSON(batch), "threads": JSON(threads),
      "samples_per_second": .number(Double(batch) / times.median * 1000), "flop": .number(times.work),
      "gflops": .number(times.rate / 1e9), "peak_gflops": .number(times.peak / 1e9),
      "share_of_peak": .number(times.shareOfPeak), "peak_memory_bytes": JSON(BenchmarkTimes.peakMemory),
    ]
    if isTraining { json["recomputation"] = PreviewText.json(times.recomputation) }
    if let difference {
      json["precision"] = .string(precision.rawValue)
      json["difference_from_float32"] = .number(difference)
    }
    if let profile {
      json["profile"] = .array(
        profile.steps.map { step in
          [
            "layer": .string(step.layer), "operation": .string(step.name),
            "implementation": .string(step.implementation), "ms": .number(step.milliseconds),
            "flop": .number(step.work),
          ]
        })
    }
    return json
  }

  private func table(_ profile: Profile) -> String {
    var table = TextTable(("layer", .left), ("ms", .right), ("%", .right), ("GFLOP/s", .right), ("computed by", .left))
    let layers = profile.layers
    let shown = layers.prefix(30)
    for layer in shown {
      let rate = layer.work > 0 ? short(layer.work / layer.milliseconds / 1e6, digits: 3) : ""
      table.add(
        layer.layer.isEmpty ? "(none)" : layer.layer, short(layer.milliseconds, digits: 3),
        short(layer.milliseconds / max(profile.milliseconds, 1e-12) * 100, digits: 3), rate,
        layer.implementations.joined(separator: ", "))
    }
    var text = table.text
    if layers.count > shown.count {
      let rest = layers.dropFirst(shown.count).reduce(0) { $0 + $1.milliseconds }
      text += "\n\(layers.count - shown.count) more layers: \(short(rest, digits: 3)) ms"
    }
    let slow = profile.steps.filter(\.isReference)
    if !slow.isEmpty {
      let time = slow.reduce(0) { $0 + $1.milliseconds }
      text += "\n\(slow.count) steps run oneDNN's reference implementation: \(short(time, digits: 3)) ms"
    }
    return text
  }

  private func short(_ value: Double, digits: Int = 4) -> String { NumberText.short(value, digits: digits) }
}
