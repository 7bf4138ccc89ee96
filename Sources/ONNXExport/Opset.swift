import KerasExport

/// A version of ONNX' operator set, and what of it differs from others.
struct Opset: Hashable {
  let version: Int

  static let supported = 13...28
  /// Runtimes since 2024 have it (ONNX 1.16, onnxruntime 1.18), and nothing newer is needed.
  static let standard = 21

  /// Throws `ExportError` if this program does not write that version.
  init(_ version: Int?) throws(ExportError) {
    let version = version ?? Self.standard
    guard Self.supported.contains(version) else {
      throw ExportError(
        .notExpressible(
          what: "opset \(version)",
          reason: "opsets \(Self.supported.lowerBound) to \(Self.supported.upperBound) are known; "
            + "\(Self.standard) is taken if none is asked for"))
    }
    self.version = version
  }

  /// The file format's version that came with the opset, from ONNX' `VERSION_TABLE`: older readers take no newer one.
  var irVersion: Int64 {
    Self.irVersions.last { $0.opset <= version }?.ir ?? 7
  }

  private static let irVersions: [(opset: Int, ir: Int64)] = [
    (13, 7), (15, 8), (19, 9), (21, 10), (23, 11), (24, 12), (25, 13), (28, 14),
  ]

  /// A form of an operation that not every supported opset has.
  enum Form: Hashable {
    /// ReduceSum, ReduceMean … take their axes as an operand instead of an attribute.
    case reductionAxesAsOperand(String)
    case scatterAdd
    case gelu
    case float8
    case equalOfStrings
    case stringConcat
  }

  /// The opset that brought each form; reductions not listed did with 18.
  private static let since: [Form: Int] = [
    .reductionAxesAsOperand("ReduceSum"): 13, .scatterAdd: 16, .float8: 19, .equalOfStrings: 19, .gelu: 20,
    .stringConcat: 20,
  ]

  func has(_ form: Form) -> Bool { version >= firstVersion(of: form) }

  func firstVersion(of form: Form) -> Int { Self.since[form] ?? 18 }
}
