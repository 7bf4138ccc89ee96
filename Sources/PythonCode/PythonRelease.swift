/// A release of CPython, as far as marshalled code tells releases apart.
public enum PythonRelease: String, CaseIterable, Sendable, Comparable {
  case python2_7 = "2.7"
  case python3_4 = "3.4"
  case python3_5 = "3.5"
  case python3_6 = "3.6"
  case python3_7 = "3.7"
  case python3_8 = "3.8"
  case python3_9 = "3.9"
  case python3_10 = "3.10"
  case python3_11 = "3.11"
  case python3_12 = "3.12"
  case python3_13 = "3.13"

  public static func < (a: PythonRelease, b: PythonRelease) -> Bool { a.order < b.order }

  private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  /// Whether every instruction is a byte of code and a byte of argument (3.6 and later).
  var hasFixedWidth: Bool { self >= .python3_6 }
}
