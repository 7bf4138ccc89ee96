/// A Keras release as files state it, such as `2.1.3`, `2.2.4-tf` or `1`.
public struct KerasVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let major: Int
  public let minor: Int
  public let patch: Int
  /// Whether the file was written by `tf.keras` (suffix `-tf`, or any 2.4 … 2.15, which only TensorFlow shipped).
  public let isTensorFlow: Bool

  public init(_ major: Int, _ minor: Int = 0, _ patch: Int = 0, isTensorFlow: Bool? = nil) {
    self.major = major
    self.minor = minor
    self.patch = patch
    self.isTensorFlow = isTensorFlow ?? (major == 2 && minor >= 4)
  }

  /// Reads a version stamp; `nil` if it does not begin with a number.
  public init?(_ text: String) {
    let numbers = text.prefix { $0.isNumber || $0 == "." }
    let parts = numbers.split(separator: ".").map { Int($0) }
    guard let first = parts.first, let major = first else { return nil }
    let minor = parts.count > 1 ? parts[1] ?? 0 : 0
    let patch = parts.count > 2 ? parts[2] ?? 0 : 0
    self.init(major, minor, patch, isTensorFlow: text.hasSuffix("-tf") ? true : nil)
  }

  /// Compares the numbers only: `2.2.4-tf` equals `2.2.4` in order, not in identity.
  public static func < (a: KerasVersion, b: KerasVersion) -> Bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
  }

  public var description: String {
    "\(major).\(minor).\(patch)" + (isTensorFlow && !(major == 2 && minor >= 4) ? "-tf" : "")
  }
}
