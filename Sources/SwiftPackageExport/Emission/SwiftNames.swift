/// Names of a Keras model as Swift can say them.
struct SwiftNames {
  private var taken: Set<String>

  init(reserved: Set<String> = []) { taken = reserved }

  /// An identifier for a name, one that no other has: `block/conv 1` is `block_conv_1`.
  mutating func unique(_ name: String) -> String {
    let base = Self.identifier(name)
    var (result, number) = (base, 2)
    while !taken.insert(result).inserted {
      result = "\(base)_\(number)"
      number += 1
    }
    return result
  }

  /// Letters, digits and underscores of a name; what else stands between them is an underscore.
  static func identifier(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      if scalar.isASCII, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" {
        result.unicodeScalars.append(scalar)
      } else if !result.isEmpty, result.last != "_" {
        result += "_"
      }
    }
    while result.last == "_" { result.removeLast() }
    if result.allSatisfy({ $0 == "_" }) { result = "value" }
    if let first = result.unicodeScalars.first, ("0"..."9").contains(first) { result = "_" + result }
    return keywords.contains(result) ? result + "_" : result
  }

  /// A module's name of a file's: `my-model.v2` is `MyModelV2`.
  static func module(_ file: String) -> String {
    var name = file
    if name.lowercased().hasSuffix(SwiftPackageExporter.suffix) { name.removeLast(SwiftPackageExporter.suffix.count) }
    let words = identifier(name).split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
    var result = words.joined()
    if result.first?.isLetter != true { result = "Model" + result }
    return modules.contains(result) ? result + "Package" : result
  }

  /// A text as Swift writes it in code.
  static func literal(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 32 || scalar.value == 127 || (0x2028...0x2029).contains(scalar.value):
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A number as Swift writes it in code.
  static func literal(_ number: Float) -> String {
    if number.isNaN { return ".nan" }
    if number.isInfinite { return number < 0 ? "-.infinity" : ".infinity" }
    return number.description
  }

  /// A text in one line, for a comment.
  static func comment(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
  }

  private static let modules: Set<String> = [
    "Swift", "Foundation", "Testing", "Dispatch", "Glibc", "Darwin", "Tensor", "PackageDescription", "XCTest",
    "Model", "Accelerate", "Observation", "Synchronization",
  ]

  private static let keywords: Set<String> = [
    "Any", "Self", "Type", "Protocol", "as", "associatedtype", "break", "case", "catch", "class", "continue",
    "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for",
    "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator",
    "precedencegroup", "private", "protocol", "public", "repeat", "rethrows", "return", "self", "static", "struct",
    "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var", "where", "while", "_",
  ]
}
