import DataFiles
import Foundation
@testable import HDF5
import KerasCore
import KerasFile
import KerasKit
import PackedFixtures
import Testing

/// Damaged files of every container: each loads or gives a typed error, quickly and in little memory; an audit says so.
///
/// A short run by default. `Tools/fuzz` sets the seed and the time, lets it choose among all fixtures, and limits memory.
@Suite(.serialized) struct MutationTests {
  /// A fixture, and the file in it to damage if it is a folder.
  struct Subject: CustomTestStringConvertible {
    var path: String
    var part = ""
    var testDescription: String { part.isEmpty ? path : "\(path)/\(part)" }
  }

  private static let subjects = [
    Subject(path: "containers/legacy.h5"), Subject(path: "containers/numbers.h5"),
    Subject(path: "containers/attributes.h5"), Subject(path: "containers/lzf.h5"),
    Subject(path: "containers/format_latest.h5"), Subject(path: "containers/format_earliest.h5"),
    Subject(path: "containers/keras0_graph.weights.h5"), Subject(path: "containers/path.weights.h5"),
    Subject(path: "models/keras-1.2.2/merge_functional.h5"), Subject(path: "models/keras-2.3.1/time_distributed.h5"),
    Subject(path: "models/keras-3/nested_functional.keras"), Subject(path: "models/keras-3/lstm_hard_sigmoid.h5"),
    Subject(path: "containers/deflated.keras"), Subject(path: "weight_containers/model.json"),
    Subject(path: "weight_containers/model.npz"), Subject(path: "weight_containers/positional.npz"),
    Subject(path: "weight_containers/npz.keras"), Subject(path: "weight_containers/unzipped", part: "config.json"),
    Subject(path: "weight_containers/sharded_folder", part: "model.weights.json"),
    Subject(path: "saved_models/latest", part: "model.ckpt-2.index"),
    Subject(path: "saved_models/tf2.15_dense", part: "saved_model.pb"),
    Subject(path: "saved_models/tf2.15_dense", part: "keras_metadata.pb"),
    Subject(path: "saved_models/tf2.15_dense", part: "variables/variables.index"),
    Subject(path: "saved_models/tf2.15_dense", part: "variables/variables.data-00000-of-00001"),
    Subject(path: "containers/float32.npy"), Subject(path: "containers/object.npy"),
    Subject(path: "containers/unicode.npy"), Subject(path: "containers/compressed.npz"),
    Subject(path: "hostile/npz_pickle.keras"), Subject(path: "hostile/h5_external_storage.keras"),
    Subject(path: "hostile/appended.keras"), Subject(path: "hostile/bare4.pkl"), Subject(path: "hostile/object.yaml"),
    Subject(path: "hostile/saved_model", part: "saved_model.pb"),
  ]

  @Test(arguments: subjects)
  func `a damaged file loads or gives a typed error`(_ subject: Subject) throws {
    var random = SeededNumbers(seed: subject.testDescription.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let bench = try MutationBench(folder: NSTemporaryDirectory() + "keraskit-mutants-\(UUID().uuidString)")
    defer { bench.remove() }
    for _ in 0..<12 { try bench.run(subject, &random) }
  }

  @Test(.enabled(if: MutationBench.seconds > 0, "set KERASKIT_FUZZ_SECONDS, as Tools/fuzz does"))
  func `damaged files of all fixtures`() throws {
    let all = MutationBench.allSubjects()
    let bench = try MutationBench(folder: try #require(MutationBench.environment["KERASKIT_FUZZ_FOLDER"]))
    let start = Date()
    var round = 0
    let seed = MutationBench.environment["KERASKIT_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
    while Date().timeIntervalSince(start) < MutationBench.seconds {
      var random = SeededNumbers(seed: seed << 32 + UInt64(round))
      let subject = try #require((Bool.random(using: &random) ? Self.subjects : all).randomElement(using: &random))
      try bench.run(subject, &random)
      round += 1
    }
    print("\(round) damaged files, \(bench.loaded) of them loaded")
  }
}

/// Damages files in a folder of its own and has them read.
final class MutationBench {
  static let environment = ProcessInfo.processInfo.environment
  static let seconds = environment["KERASKIT_FUZZ_SECONDS"].flatMap { Double($0) } ?? 0
  /// Longer than this is a hang; building debug models of a few layers takes hundredths of a second.
  private static let patience = 5.0

  private let folder: String
  private(set) var loaded = 0

  init(folder: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  static func allSubjects() -> [MutationTests.Subject] {
    let endings = ["h5", "keras", "json", "yaml", "npz", "npy", "png", "jpg", "jpeg", "csv", "jsonl", "zip"]
    return PackedFixtures.allFiles().sorted().filter { endings.contains(ArrayFile.ending(of: $0)) }.map {
      MutationTests.Subject(path: $0)
    }
  }

  /// Writes one mutant and reads it; the mutant stays until the next one, for who looks at a crash.
  func run(_ subject: MutationTests.Subject, _ random: inout SeededNumbers) throws {
    let original = PackedFixtures.path(subject.path)
    let name = subject.path.split(separator: "/").last.map(String.init) ?? subject.path
    let copy = "\(folder)/\(name)"
    for old in try FileManager.default.contentsOfDirectory(atPath: folder) {
      try FileManager.default.removeItem(atPath: "\(folder)/\(old)")
    }
    if !subject.part.isEmpty { try FileManager.default.copyItem(atPath: original, toPath: copy) }
    let target = subject.part.isEmpty ? copy : "\(copy)/\(subject.part)"
    let source = subject.part.isEmpty ? original : "\(original)/\(subject.part)"
    let hasMember = Bool.random(using: &random)
    if !hasMember || !((try? Mutation.ofMember(source, to: target, &random)) ?? false) {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
      let isIndex = subject.part.hasSuffix(".index") && hasMember
      let mutant = isIndex ? Mutation.ofIndex(bytes, &random) : Mutation.of(bytes, &random)
      try Data(mutant).write(to: URL(fileURLWithPath: target))
    }
    let start = Date()
    if reads(copy) { loaded += 1 }
    audit(copy, subject)
    let elapsed = Date().timeIntervalSince(start)
    #expect(elapsed < Self.patience, "\(subject.testDescription)")
  }

  /// An audit never throws, and is never clean about what does not open.
  private func audit(_ path: String, _ subject: MutationTests.Subject) {
    let report = Audit.file(path)
    guard (try? ModelFile.open(path)) == nil else { return }
    #expect(report.worst == .error, "\(subject.testDescription)")
  }

  /// Reads every object of an HDF5 file as if all checksums in it were right, so that damage gets behind them.
  private func readBehindChecksums(_ path: String) {
    guard let contents = try? FileContents(path: path),
      let file = try? HDF5File(contents, name: path, verifiesChecksums: false)
    else { return }
    var paths = ["/"]
    var visited = 0
    while let path = paths.popLast(), visited < 500 {
      visited += 1
      for name in ((try? file.attributeNames(of: path)) ?? []).prefix(100) { _ = try? file.attribute(name, of: path) }
      _ = try? file.read(path)
      for child in (try? file.children(of: path)) ?? [] where path.count < 100 { paths.append("\(path)/\(child)") }
    }
  }

  /// Whether the file is read; every error is one of ours, as the compiler checks.
  private func reads(_ path: String) -> Bool {
    switch ArrayFile.ending(of: path) {
    case "npy", "csv", "jsonl": return (try? ArrayFile.read(path)) != nil
    case "png", "jpg", "jpeg": return (try? Image(path: path, colorMode: .rgb)) != nil
    case "h5": readBehindChecksums(path)
    default: break
    }
    _ = try? ArrayFile.read(path)
    var isWhole = true
    do throws(KerasFileError) {
      let source = try ModelFile.open(path)
      let groups: [WeightGroup] =
        switch source.weights {
        case .groups(let groups), .paths(let groups): groups
        case .none: []
        }
      for array in groups.flatMap(\.arrays) + source.optimizerWeights { _ = try array.read() }
    } catch {
      isWhole = false
    }
    do throws(KerasKitError) {
      _ = try Model.load(path)
    } catch {
      isWhole = false
    }
    return isWhole
  }
}
