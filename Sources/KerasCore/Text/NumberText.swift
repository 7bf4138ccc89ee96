/// Numbers as people read them.
public enum NumberText {
  /// With thin groups: `23587712` as `23,587,712`.
  public static func grouped(_ number: Int) -> String {
    var result = ""
    let digits = String(number.magnitude)
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return (number < 0 ? "-" : "") + result
  }

  /// With so many significant digits: `0.012345`, `123.4`, `1.23e-07`.
  public static func short(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let exponent = Int(exponent10(value.magnitude))
    if exponent < -4 || exponent > 6 {
      return fixed(value / power(exponent), decimals: digits - 1) + "e\(exponent)"
    }
    return fixed(value, decimals: max(0, digits - 1 - exponent))
  }

  /// A factor from a config without the noise of its float32 storage: 0.05 instead of 0.05000000074505806.
  public static func factor(_ value: Double) -> String {
    let single = Float(value)
    return Double(single) == value ? single.description : value.description
  }

  /// A factor or what became of one, as one would write it: six digits at most, without trailing zeros.
  public static func plain(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let unit = power(Int(exponent10(value.magnitude)) - 5)
    let text = Float((value / unit).rounded() * unit).description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// With exactly so many decimals.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let scale = power(decimals)
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    let digits = String(Int64(scaled))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  public static func percent(_ share: Double) -> String { fixed(share * 100, decimals: 1) + " %" }

  private static func power(_ exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1.0) { value, _ in exponent < 0 ? value / 10 : value * 10 }
  }

  private static func exponent10(_ magnitude: Double) -> Double {
    var exponent = 0.0
    var value = magnitude
    while value >= 10 { (value, exponent) = (value / 10, exponent + 1) }
    while value < 1 { (value, exponent) = (value * 10, exponent - 1) }
    return exponent
  }
}
