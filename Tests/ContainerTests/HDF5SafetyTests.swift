import HDF5
import KerasCore
import Testing

@Suite struct HDF5SafetyTests {
  @Test(arguments: ["/external_link", "/external_storage", "/virtual"])
  func `nothing leads out of a file`(object: String) throws {
    let hostile = try HDF5File(path: fixture("hostile.h5"))
    let error = #expect(throws: HDF5Error.self) { try hostile.read(object) }
    guard case .leavesFile = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.object == object)
    #expect(throws: HDF5Error.self) { try hostile.describe(object) }
  }

  @Test func `packing and tables that are not read are refused by name`() throws {
    let packed = #expect(throws: HDF5Error.self) { try HDF5File(path: fixture("szip.h5")).read("/packed") }
    #expect("\(try #require(packed))".contains("szip"))
    #expect("\(try #require(packed))".contains("h5repack"))
    let shared = #expect(throws: HDF5Error.self) { try HDF5File(path: fixture("shared_messages.h5")).read("/b") }
    #expect("\(try #require(shared))".contains("shared messages"))
    #expect("\(try #require(shared))".contains("h5py"))
  }

  @Test(arguments: ["/bomb", "/contiguous_bomb", "/chunk_bomb"])
  func `sizes without storage behind them are refused before memory is asked for`(object: String) throws {
    let hostile = try HDF5File(path: fixture("hostile.h5"))
    let error = #expect(throws: HDF5Error.self) { try hostile.read(object) }
    guard case .tooLarge = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(throws: HDF5Error.self) { try hostile.describe(object) }
  }

  @Test func `a path that goes in circles is refused when it gets too long`() throws {
    let hostile = try HDF5File(path: fixture("hostile.h5"))
    #expect(try hostile.kind(of: "/loop/again/again") == .group)
    let error = #expect(throws: HDF5Error.self) {
      try hostile.kind(of: "/loop" + String(repeating: "/again", count: 100))
    }
    guard case .tooLarge = error?.cause else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `a file cut off anywhere gives an error or the whole data, never a crash`() throws {
    let content = try bytes(of: fixture("numbers.h5"))
    let whole = try HDF5File(path: fixture("numbers.h5"))
    let expected = try whole.read("/gzip")
    for length in stride(from: 0, to: content.count, by: 97) {
      do {
        let file = try HDF5File(FileContents(Array(content[..<length])), name: "cut")
        for name in try file.children(of: "/") { _ = try? file.read("/\(name)") }
        #expect(try file.read("/gzip") == expected)
      } catch {}
    }
  }

  @Test(arguments: ["legacy.h5", "lzf.h5"])
  func `single wrong bytes never crash`(name: String) throws {
    let content = try bytes(of: fixture(name))
    var state: UInt64 = 12
    for _ in 0..<300 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var damaged = content
      damaged[Int(state >> 33) % content.count] ^= UInt8(truncatingIfNeeded: state >> 24) | 1
      do {
        let file = try HDF5File(FileContents(damaged), name: "damaged")
        for name in try file.children(of: "/") { _ = try? file.read("/\(name)") }
        for layer in try file.names("layer_names", of: "/model_weights") ?? [] {
          for name in try file.names("weight_names", of: "/model_weights/\(layer)") ?? [] {
            _ = try? file.read("/model_weights/\(layer)/\(name)")
          }
        }
      } catch {}
    }
  }
}
