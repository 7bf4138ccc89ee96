/// Places buffers that are alive at different times in the same memory.
struct Arena {
  private struct Request {
    var count: Int
    var first: Int
    var last: Int
    var offset = 0
  }

  private var requests: [Request] = []
  /// Floats needed for all.
  private(set) var size = 0

  /// A buffer for `count` floats, alive from step `first` to step `last`; the result names it.
  mutating func add(count: Int, first: Int, last: Int) -> Int {
    // Whole cache lines.
    requests.append(Request(count: (max(count, 1) + 15) / 16 * 16, first: first, last: last))
    return requests.count - 1
  }

  /// Keeps a buffer alive until step `last`.
  mutating func extend(_ buffer: Int, to last: Int) { requests[buffer].last = max(requests[buffer].last, last) }

  func last(_ buffer: Int) -> Int { requests[buffer].last }
  func offset(_ buffer: Int) -> Int { requests[buffer].offset }

  /// Gives each buffer the lowest offset free during its life, the largest first.
  mutating func place() {
    let order = requests.indices.sorted { requests[$0].count > requests[$1].count }
    var placed: [Int] = []
    for index in order {
      let request = requests[index]
      var offset = 0
      // `placed` ascends by offset, so one pass finds the first gap.
      for other in placed {
        let taken = requests[other]
        if taken.last < request.first || taken.first > request.last { continue }
        if taken.offset >= offset + request.count { break }
        offset = max(offset, taken.offset + taken.count)
      }
      requests[index].offset = offset
      size = max(size, offset + request.count)
      let position = placed.firstIndex { requests[$0].offset > offset } ?? placed.count
      placed.insert(index, at: position)
    }
  }
}
