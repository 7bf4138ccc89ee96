import Testing

@testable import KerasTraining

@Suite struct AvailableMemoryTests {
  private let machine = "MemTotal:       16000000 kB\nMemFree:          100 kB\nMemAvailable:    8000000 kB\n"

  private func bytes(_ files: [String: String]) -> Int? { AvailableMemory.byteCount { files[$0] } }

  @Test func aMachineTellsWhatItHas() {
    #expect(bytes(["/proc/meminfo": machine]) == 8_000_000 * 1024)
    #expect(bytes([:]) == nil)
    #expect(bytes(["/proc/meminfo": "MemTotal: 5 kB\n"]) == nil)
  }

  @Test func aControlGroupLeavesLess() {
    let files = [
      "/proc/meminfo": machine, "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max": "max\n",
      "/sys/fs/cgroup/a/b/memory.current": "5\n", "/sys/fs/cgroup/a/memory.max": "1000000\n",
      "/sys/fs/cgroup/a/memory.current": "600000\n",
      "/sys/fs/cgroup/a/memory.stat": "anon 1\nactive_file 7\ninactive_file 200000\n",
    ]
    #expect(bytes(files) == 600_000)
  }

  @Test func soDoesOneOfTheFirstVersion() {
    let files = [
      "/proc/meminfo": machine, "/proc/self/cgroup": "5:cpu:/c\n4:memory:/job\n",
      "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "3000\n",
      "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "1000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
    ]
    #expect(bytes(files) == 2000)
  }
}
