/// `--early-stopping` and `--reduce-on-plateau` may stand without their settings.
///
/// An option with an optional value is nothing swift-argument-parser knows, so a bare one is given the word `auto`.
enum OptionalValues {
  private static let names: Set<String> = ["--early-stopping", "--reduce-on-plateau"]

  static func resolved(_ arguments: [String]) -> [String] {
    guard arguments.first == "fine-tune" else { return arguments }
    var result: [String] = []
    for (index, argument) in arguments.enumerated() {
      result.append(argument)
      guard names.contains(argument) else { continue }
      let next = index + 1 < arguments.count ? arguments[index + 1] : "--"
      if next.hasPrefix("-") { result.append("auto") }
    }
    return result
  }
}
