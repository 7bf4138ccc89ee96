/// Files and folders that this process is writing under temporary names.
///
/// They go with the objects that write them. A program that a signal ends has no time for that and removes them here.
public enum UnfinishedPaths {
  private static let paths = Locked<Set<String>>([])

  /// Begins one with `make`, which returns its path, or `nil` (and an `errno`) if it cannot.
  public static func begin(_ make: () -> String?) -> String? {
    paths.withLock { paths in
      guard let path = make() else { return nil }
      paths.insert(path)
      return path
    }
  }

  /// Forgets one that has its name now, or has been removed.
  public static func forget(_ path: String) {
    paths.withLock { _ = $0.remove(path) }
  }

  /// Removes all of them and calls `end`; nothing is begun any more.
  public static func removeAll(then end: () -> Never) -> Never {
    paths.withLock { paths in
      for path in paths { FolderListing.remove(path) }
      end()
    }
  }
}
