import KerasCore
import Testing

@Suite struct KerasVersionTests {
  @Test func `stamps of every era are understood`() {
    #expect(KerasVersion("1.2.2") == KerasVersion(1, 2, 2))
    #expect(KerasVersion("2.2.4-tf") == KerasVersion(2, 2, 4, isTensorFlow: true))
    #expect(KerasVersion("3.15.1") == KerasVersion(3, 15, 1))
    #expect(KerasVersion("1") == KerasVersion(1))
    #expect(KerasVersion("unknown") == nil)
    #expect(KerasVersion("") == nil)
  }

  @Test func `from 2.4 on a Keras 2 is TensorFlow's`() {
    #expect(KerasVersion("2.5.0")?.isTensorFlow == true)
    #expect(KerasVersion("2.3.1")?.isTensorFlow == false)
    #expect(KerasVersion("3.0.0")?.isTensorFlow == false)
  }

  @Test func `versions are ordered by number, not by text`() {
    #expect(KerasVersion(2, 10, 0) > KerasVersion(2, 9, 0))
    #expect(KerasVersion(1, 2, 2) < KerasVersion(2))
  }
}
