import ArgumentParser

/// A size as people write it: `500MB`, `2 GB`, `1.5GiB`, or a number of bytes.
struct ByteCount: ExpressibleByArgument, Sendable {
  let value: Int

  private static let units: [String: Double] = [
    "": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
    "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
  ]

  init(value: Int) { self.value = value }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = argument[digits.endIndex...].drop { $0 == " " }.lowercased()
    guard let number = Double(digits), let scale = Self.units[unit], number >= 0, number * scale < 1e18 else {
      return nil
    }
    value = Int(number * scale)
  }

  var defaultValueDescription: String { "1GB" }
}

/// A limit of memory as people write it; a plain number are MiB.
struct MemoryLimit: ExpressibleByArgument, Sendable {
  let value: Int
  /// Whether it was a plain number.
  let isPlain: Bool

  init?(argument: String) {
    if let number = Int(argument) {
      guard (0...1 << 30).contains(number) else { return nil }
      (value, isPlain) = (number << 20, true)
    } else {
      guard let count = ByteCount(argument: argument) else { return nil }
      (value, isPlain) = (count.value, false)
    }
  }
}
