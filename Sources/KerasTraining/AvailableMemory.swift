import Foundation

/// What Linux says about the memory that this process can still have.
enum AvailableMemory {
  /// Bytes: what the machine has available, or less where a control group limits it; `nil` on other systems.
  static func byteCount(
    read: (String) -> String? = { try? String(contentsOfFile: $0, encoding: .utf8) }
  ) -> Int? {
    let machine = read("/proc/meminfo").flatMap { number(named: "MemAvailable:", in: $0) }.map { $0 * 1024 }
    return ([machine] + groupByteCounts(read)).compactMap(\.self).min()
  }

  /// What is left in this process's control group and those around it.
  private static func groupByteCounts(_ read: (String) -> String?) -> [Int?] {
    var counts: [Int?] = []
    for line in (read("/proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isSecond = parts[1].isEmpty
      guard isSecond || parts[1].split(separator: ",").contains("memory") else { continue }
      let root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      var names = parts[2].split(separator: "/")
      while true {
        let folder = ([root] + names.map(String.init)).joined(separator: "/")
        counts.append(
          isSecond
            ? left(read, folder, limit: "memory.max", usage: "memory.current", cache: "inactive_file")
            : left(
              read, folder, limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
              cache: "total_inactive_file"))
        if names.popLast() == nil { break }
      }
    }
    return counts
  }

  /// Files' pages that nobody uses count as used, but are given up first.
  private static func left(
    _ read: (String) -> String?, _ folder: String, limit: String, usage: String, cache: String
  ) -> Int? {
    guard let limit = read("\(folder)/\(limit)").flatMap(number), let used = read("\(folder)/\(usage)").flatMap(number)
    else { return nil }
    let cached = read("\(folder)/memory.stat").flatMap { self.number(named: cache, in: $0) } ?? 0
    return max(limit - max(used - cached, 0), 0)
  }

  private static func number(_ text: String) -> Int? { Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) }

  /// The number behind a word that begins a line.
  private static func number(named name: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if words.count > 1, words[0] == name { return Int(words[1]) }
    }
    return nil
  }
}
