extension CodeObject {
  /// The releases whose code this can be, the likeliest first.
  ///
  /// Marshalled code does not name its release: the layout narrows it down, and the instructions of the function and of all
  /// within it must be the release's. Where several remain, they read these instructions alike but for what the
  /// interpreter checks as it goes.
  public func possibleReleases() -> [PythonRelease] {
    candidates.filter { release in
      functions.allSatisfy { (try? InstructionList($0, as: release)) != nil }
    }
  }

  /// The code and the functions within it, some levels deep.
  public var functions: [CodeObject] {
    var all = [self]
    var index = 0
    while index < all.count, all.count < 256 {
      for case .code(let inner) in all[index].constants { all.append(inner) }
      index += 1
    }
    return all
  }

  /// Of one layout, the latest first: it has more opcodes that earlier ones do not know than the reverse.
  private var candidates: [PythonRelease] {
    switch layout {
    case .python2: return [.python2_7]
    case .python3_0:
      // Until 3.5 an instruction without argument is one byte, and the last one is RETURN_VALUE (83).
      return instructions.last == 83 ? [.python3_5, .python3_4] : [.python3_7, .python3_6]
    case .python3_8:
      // 3.10's line table covers the whole code; before, the last step only begins the last line.
      let covered = stride(from: 0, to: lineTable.count - 1, by: 2).reduce(0) { $0 + Int(lineTable[$1]) }
      return covered == instructions.count ? [.python3_10] : [.python3_9, .python3_8]
    case .python3_11: return [.python3_11, .python3_12, .python3_13]
    }
  }
}
