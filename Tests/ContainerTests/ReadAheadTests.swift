import KerasCore
import Testing

@testable import DataFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Work that threads share, and what one hands to the other.
@Suite struct ReadAheadTests {
  private struct Failure: Error {}

  @Test func elementsComeInOrderAndAnErrorBehindThem() throws {
    let ahead = ReadAhead<Int> { emit in
      for number in 0..<100 where !emit(number) { return }
      throw Failure()
    }
    for number in 0..<100 { #expect(try ahead.next() == number) }
    #expect(throws: Failure.self) { try ahead.next() }
  }

  @Test func noMoreThanTwoWait() throws {
    let made = Locked(0)
    let ahead = ReadAhead<Int> { emit in
      for number in 0..<1000 {
        made.withLock { $0 += 1 }
        if !emit(number) { return }
      }
    }
    for taken in 1...1000 {
      _ = try ahead.next()
      // Two wait, and a third is made or stands at the door.
      #expect(made.withLock { $0 } <= taken + 3)
    }
    #expect(try ahead.next() == nil)
  }

  @Test func whoLeavesEndsTheThread() async throws {
    let isEnded = Locked(false)
    var ahead: ReadAhead<Int>? = ReadAhead { emit in
      while emit(1) {}
      isEnded.withLock { $0 = true }
    }
    _ = try ahead?.next()
    ahead = nil
    while !isEnded.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func allIsUsedInOrderBeforeTheEnd() throws {
    let used = Locked([Int]())
    let behind = WriteBehind<Int> { number in used.withLock { $0.append(number) } }
    for number in 0..<100 { try behind.put(number) }
    try behind.finish()
    #expect(used.withLock { $0 } == Array(0..<100))
  }

  @Test func whatUsingThrowsArrives() {
    let behind = WriteBehind<Int> { number in if number == 5 { throw Failure() } }
    #expect(throws: Failure.self) {
      for number in 0..<100 { try behind.put(number) }
    }
    let last = WriteBehind<Int> { _ in throw Failure() }
    #expect(throws: Failure.self) {
      try last.put(1)
      try last.finish()
    }
  }

  @Test func nothingIsUsedAfterLeaving() throws {
    let used = Locked(0)
    let behind = WriteBehind<Int> { _ in used.withLock { $0 += 1 } }
    try behind.put(1)
    behind.leave()
    let count = used.withLock { $0 }
    #expect(count <= 1)
    #expect(used.withLock { $0 } == count)
  }

  @Test(arguments: [1, 2, 3, 5]) func noMoreThreadsAreBusyThanThereAre(count: Int) throws {
    let budget = ThreadBudget(count)
    let busy = Locked((now: 0, most: 0))
    func work(_ threads: Int) {
      busy.withLock { busy in
        busy.now += threads
        busy.most = max(busy.most, busy.now)
      }
      var sum = 0.0
      for number in 0..<200 { sum += Double(number).squareRoot() }
      #expect(sum > 0)
      busy.withLock { $0.now -= threads }
    }
    let readers = (0..<4).map { _ in
      ReadAhead<Int> { emit in
        for number in 0..<50 {
          budget.aside { work(1) }
          if !emit(number) { return }
        }
      }
    }
    for step in 0..<50 {
      let threads = step % count + 1
      budget.computing(threads) { work(threads) }
      for reader in readers { #expect(try reader.next() == step) }
    }
    let most = busy.withLock { $0.most }
    #expect(most <= count)
  }

  // MARK: Images

  private let folder = fixture("../images/folder")

  @Test(arguments: [2, 3, 16]) func imagesAreTheSameFromManyThreads(threads: Int) throws {
    let images = try ImageFolder(path: folder)
    for form in [ImageFolder.Form(height: 8, width: 10), .init(height: 3, width: 4, scale: 0.5, isChannelsFirst: true)]
    {
      let budget = ThreadBudget(threads)
      #expect(try images.images(form, sharing: budget) == images.images(form))
      #expect(try images.images(form, 2..<5, sharing: budget) == images.images(form, 2..<5))
    }
  }

  @Test func theFirstImageThatCannotBeReadIsNamed() throws {
    let temporary = try TemporaryFolder()
    let good = try bytes(of: folder + "/cat/b.png")
    // Links to one image under a hundred names, of which some are cut off.
    let place = try TemporaryFolder()
    for index in 0..<100 {
      let isCut = [57, 58, 80, 99].contains(index)
      try AtomicFile.write(isCut ? Array(good.prefix(40)) : good, to: place.file("\(1000 + index).png"))
    }
    try #require(symlink(place.path, temporary.file("kind")) == 0)
    let images = try ImageFolder(path: temporary.path)
    #expect(images.files.count == 100)
    let form = ImageFolder.Form(height: 4, width: 4)
    let expected = #expect(throws: DataFileError.self) { try images.images(form) }
    #expect(expected?.file.hasSuffix("1057.png") == true)
    for _ in 0..<20 {
      let found = #expect(throws: DataFileError.self) { try images.images(form, sharing: ThreadBudget(4)) }
      #expect(found == expected)
    }
  }
}
