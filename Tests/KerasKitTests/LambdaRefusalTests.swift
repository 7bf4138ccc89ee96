import Foundation
import KerasKit
import Testing

/// What code may not do, and how that is said.
@Suite struct LambdaRefusalTests {
  static let pythons = ["2.7", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

  private func model(_ code: String, name: String = "odd") throws -> String {
    // In a folder of its own: weights that lie beside a config are taken for its own.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lambda-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("model.json").path
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow",
      "config": [
        [
          "class_name": "Lambda",
          "config": [
            "name": .string(name), "batch_input_shape": [nil, 4], "function": [.string(code), nil, nil],
            "function_type": "lambda", "arguments": [:],
          ],
        ]
      ],
    ]
    try config.text().write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func remove(_ path: String) {
    try? FileManager.default.removeItem(at: URL(fileURLWithPath: path).deletingLastPathComponent())
  }

  private func entries(_ python: String, _ kind: String) throws -> [JSON] {
    let path = "\(Fixture.root)/fixtures/lambdas/code/python-\(python).json"
    return try #require(try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))[kind]?.arrayValue)
  }

  @Test(arguments: pythons) func hostileCodeIsRefused(_ python: String) throws {
    let hostile = try entries(python, "hostile")
    #expect(hostile.count >= 12)
    for entry in hostile {
      let path = try model(try #require(entry["code"]?.stringValue))
      defer { remove(path) }
      let error = #expect(throws: (any Error).self, "\(entry["source"] ?? .null)") { _ = try Model.load(path) }
      let text = "\(try #require(error))"
      #expect(text.contains("odd"), "\(text)")
      #expect(text.contains("--map"), "\(text)")
    }
  }

  /// Numbers at the ends of 64 bits are computed as Python does or refused; they stop nothing else.
  @Test(arguments: ["2.7", "3.11"]) func numbersWithoutBoundsStopNothing(_ python: String) throws {
    var refused = 0
    let extreme = try entries(python, "extreme")
    for entry in extreme {
      let path = try model(try #require(entry["code"]?.stringValue))
      defer { remove(path) }
      do {
        let x = try TensorData(shape: [1, 4], floats: [1, 2, 3, 4])
        _ = try Model.load(path).predict(["x": x])
      } catch {
        refused += 1
        #expect("\(error)".contains("odd"), "\(entry["source"] ?? .null): \(error)")
      }
    }
    #expect(refused > extreme.count / 2)
  }

  /// Arrays that are changed where they are: what numpy computes, or a refusal.
  @Test(arguments: ["2.7", "3.11"]) func changedArraysAreNumpysOrRefused(_ python: String) throws {
    var computed = 0
    let arrays = try entries(python, "arrays")
    let x = try TensorData(shape: [1, 4], floats: [1, 2, 3, 4])
    for entry in arrays {
      let path = try model(try #require(entry["code"]?.stringValue))
      defer { remove(path) }
      do {
        let y = try Model.load(path).predict(["x": x])[0]
        let numbers = try #require(entry["result"]?.arrayValue, "\(entry["source"] ?? .null)")
        let expected = try TensorData(shape: [1, 4], floats: numbers.compactMap { $0.doubleValue.map { Float($0) } })
        #expect(try difference(y, expected) < 1e-6, "\(entry["source"] ?? .null)")
        computed += 1
      } catch {
        #expect("\(error)".contains("odd"), "\(entry["source"] ?? .null): \(error)")
      }
    }
    #expect(arrays.count == 19)
    // Parts of arrays that are written to, or read after the whole has changed, lists as places, and places outside.
    #expect(computed == 11)
  }

  /// Beside what real Keras saved (LambdaTests), code as each Python marshals it.
  @Test(arguments: pythons) func honestCodeComputes(_ python: String) throws {
    let entry = try #require(try entries(python, "plain").first { $0["source"] == "lambda x: x / 127.5 - 1.0" })
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    let x = try TensorData(shape: [1, 4], floats: [0, 51, 127.5, 255])
    let y = try Model.load(path).predict(["x": x])
    #expect(try difference(y[0], TensorData(shape: [1, 4], floats: [-1, -0.6, 0, 1])) < 1e-6)
  }

  @Test func translationCanBeTurnedOff() throws {
    let entry = try #require(try entries("3.11", "plain").first)
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    var options = LoadOptions()
    options.translatesLambdas = false
    #expect(throws: (any Error).self) { _ = try Model.load(path, options: options) }
  }

  /// Byte code that only its own Python runs is carried nowhere: what it computes is.
  @Test func itsCodeIsNotWrittenIntoAnotherFile() throws {
    let entry = try #require(try entries("2.7", "plain").first)
    let path = try model(try #require(entry["code"]?.stringValue))
    defer { remove(path) }
    let target = path + ".keras"
    defer { remove(target) }
    try Model.load(path).save(to: target)
    let config = try #require(try Model.load(target).loaded.source.config)
    #expect(!config.text().contains("Lambda"))
  }

  // MARK: Names and bounds

  private func words(_ code: String) throws -> (refusal: String?, notes: [String]) {
    let path = try model(code)
    defer { remove(path) }
    let config = try JSON(parsing: String(contentsOfFile: path, encoding: .utf8))
    let report = Audit.run(ModelSource(file: path, format: .json, config: config, versionStamp: "2.2.4"))
    let notes = report.findings.filter { $0.rule == "lambda-translated" }.map { "\($0.severity) \($0.summary)" }
    do {
      _ = try Model.load(path)
      return (nil, notes)
    } catch {
      return ("\(error)", notes)
    }
  }

  /// A refusal names the function, the instruction and the line; the audit does not call it translated.
  @Test(arguments: pythons) func refusalsNameWhatHasNoMeaning(_ python: String) throws {
    let names = [
      "lambda x: os.system('id')": "os.system", "lambda x: eval('1')": "eval",
      "lambda x: open('/etc/passwd').read()": "open", "lambda x: getattr(K, 'load')(x)": "getattr",
      "lambda x: tf.io.read_file('/etc/passwd')": "tf.io.read_file",
      "lambda x: __import__('os').system('id')": "__import__",
    ]
    var found = 0
    for entry in try entries(python, "hostile") {
      guard let name = names[entry["source"]?.stringValue ?? ""] else { continue }
      found += 1
      let (refusal, notes) = try words(try #require(entry["code"]?.stringValue))
      let text = try #require(refusal)
      #expect(text.contains("the function \(name) (CALL") && text.contains("line 1)"), "\(text)")
      let note = try #require(notes.first)
      #expect(notes.count == 1 && note.hasPrefix("warning") && !note.contains("translated to"), "\(note)")
      #expect(
        note.contains("\(name) (line 1) has no meaning here") || name == "__import__" && note.contains(name), "\(note)")
      #expect(note.contains("--map odd="), "\(note)")
    }
    #expect(found == names.count)
    let plain = try #require(try entries(python, "plain").first { $0["source"] == "lambda x: x / 127.5 - 1.0" })
    let plainCode = try #require(plain["code"]?.stringValue)
    let translated = try words(plainCode).notes
    let note = try #require(translated.first)
    #expect(note.hasPrefix("note") && note.contains("translated to: lambda x: x / 127.5 - 1"), "\(note)")
  }

  /// Python 3.11's code of functions that nest values without end, which walking over or letting go would end the stack.
  private static let endless: [(kind: String, code: String)] = [
    // a tuple in a tuple, 5000 times
    (
      "tuples",
      "4wEAAAAAAAAAAAAAAAMAAAADAAAA8zQAAACXAGQBfQF0AQAAAAAAAAAAAABkAqYBAACrAQAAAAAAAAAARABdBX0CfAFmAX0BjAZ8"
        + "AFMAKQNOqQBpiBMAACkB2gVyYW5nZSkD2gF42gF02gFpcwMAAAAgICD6CG1vZGVsLnB52gFmcggAAAABAAAAcyoAAACAANgICoBB"
        + "3Q0SkDSJW4xb8AABBRHwAAEFEYgB2A0OiESIAYgB2AsMgEjzAAAAAA=="
    ),
    // a tuple of itself twice, 60 times
    (
      "doubled",
      "4wEAAAAAAAAAAAAAAAMAAAADAAAA8zYAAACXAGQBfQF0AQAAAAAAAAAAAABkAqYBAACrAQAAAAAAAAAARABdBn0CfAF8AWYCfQGM"
        + "B3wAUwApA04pAekBAAAA6TwAAAApAdoFcmFuZ2UpA9oBeNoBdNoBaXMDAAAAICAg+ghtb2RlbC5wedoBZnIJAAAAAQAAAHMsAAAA"
        + "gADYCAyAQd0NEpAyiVmMWfAAAQUT8AABBROIAdgNDpABiEaIAYgB2AsMgEjzAAAAAA=="
    ),
    // a list in a list, 5000 times
    (
      "lists",
      "4wEAAAAAAAAAAAAAAAQAAAADAAAA82QAAACXAGcAfQF8AX0CdAEAAAAAAAAAAAAAZAGmAQAAqwEAAAAAAAAAAEQAXRt9A2cAfQR8"
        + "AaABAAAAAAAAAAAAAAAAAAAAAAAAAAB8BKYBAACrAQAAAAAAAAAAAQB8BH0BjBx8AFMAKQJOaYgTAAApAtoFcmFuZ2XaBmFwcGVu"
        + "ZCkF2gF42gFh2gVmaXJzdNoBadoBYnMFAAAAICAgICD6CG1vZGVsLnB52gFmcgoAAAABAAAAc0EAAACAANgICoBB2AwNgEXdDRKQ"
        + "NIlbjFvwAAMFDvAAAwUOiAHYDA6IAdgICY8IigiQEYkLjAuIC9gMDYgBiAHYCwyASPMAAAAA"
    ),
    // a function in another's closure, 5000 times
    (
      "functions",
      "4wEAAAAAAAAAAAAAAAQAAAADAAAA80oAAACXAGQAfQFkAYQAfQJ0AQAAAAAAAAAAAABkAqYBAACrAQAAAAAAAAAARABdDX0DAgB8"
        + "AnwBpgEAAKsBAAAAAAAAAAB9AYwOfABTACkDTmMBAAAAAAAAAAAAAAACAAAAEwAAAPMOAAAAhwCXAIgAZgFkAYQIUwApAk5jAAAA"
        + "AAAAAAAAAAAAAQAAABMAAADzCAAAAJUBlwCJAFMAKQFOqQCpAdoBaHMBAAAAgPoIbW9kZWwucHn6CDxsYW1iZGE+eiFmLjxsb2Nh"
        + "bHM+Lm1ha2UuPGxvY2Fscz4uPGxhbWJkYT4EAAAAcwcAAAD4gACQcYAA8wAAAAByBAAAAHIFAAAAcwEAAABgcgcAAADaBG1ha2V6"
        + "D2YuPGxvY2Fscz4ubWFrZQMAAABzDwAAAPiAANgPGIh5iHmIedAIGHIJAAAAaYgTAAApAdoFcmFuZ2UpBNoBeNoBZ3IKAAAA2gFp"
        + "cwQAAAAgICAgcgcAAADaAWZyDwAAAAEAAABzPwAAAIAA2AgMgEHwAgEFGfAAAQUZ8AABBRnlDRKQNIlbjFvwAAEFFPAAAQUUiAHY"
        + "DBCIRJARiUeMR4gBiAHYCwyASHIJAAAA"
    ),
    // tf.keras.keras…
    (
      "attributes",
      "4wEAAAAAAAAAAAAAAAMAAAADAAAA80YAAACXAHQAAAAAAAAAAAAAAH0BdAMAAAAAAAAAAAAAZAGmAQAAqwEAAAAAAAAAAEQAXQl9"
        + "AnwBagIAAAAAAAAAAH0BjAp8AFMAKQJOaYgTAAApA9oCdGbaBXJhbmdl2gVrZXJhcykD2gF42gF02gFpcwMAAAAgICD6CG1vZGVs"
        + "LnB52gFmcgkAAAABAAAAcyoAAACAAN0ICoBB3Q0SkDSJW4xb8AABBRTwAAEFFIgB2AwNjEeIAYgB2AsMgEjzAAAAAA=="
    ),
    // zip of zip of …
    (
      "zipped",
      "4wEAAAAAAAAAAAAAAAYAAAADAAAA82gAAACXAGQBZwF9AXQBAAAAAAAAAAAAAGQCpgEAAKsBAAAAAAAAAABEAF0efQJ0AwAAAAAA"
        + "AAAAAAB0BQAAAAAAAAAAAAB8AaYBAACrAQAAAAAAAAAApgEAAKsBAAAAAAAAAAB9AYwffABTACkDTukBAAAAaYgTAAApA9oFcmFu"
        + "Z2XaBGxpc3TaA3ppcCkD2gF42gF02gFpcwMAAAAgICD6CG1vZGVsLnB52gFmcgoAAAABAAAAczYAAACAANgJCogDgEHdDRKQNIlb"
        + "jFvwAAEFGfAAAQUZiAHdDBCVE5BRkRaUFolMjEyIAYgB2AsMgEjzAAAAAA=="
    ),
    // a jump back to BUILD_LIST
    (
      "damaged",
      "4wEAAAAAAAAAAAAAAAUAAAADAAAA8zoAAACXAHQAAAAAAAAAAABqAwAAAAAAAAAAAAAAAAAAAAAAAHwAfABkAXoFAABnAmQCjAOr"
        + "AgAAAAAAAFMAKQRO6QIAAADpAQAAACkB2gRheGlzKQLaAUvaC2NvbmNhdGVuYXRlKQHaAXhzAQAAACD6CG1vZAAALnB5+gg8bGFt"
        + "YmRhPnIJAAAAAQAAAHMbAAAAgACMIY8tiS2YEZhBoAGZRZgKqBGILdMKK4AA8wAAAAA="
    ),
    // Python 3.10: a jump back to BUILD_SLICE, found by damaging codes
    (
      "slices",
      "4wEAAAAAAAAAAAAAAAEAAAAEAAAAQwAAAHMUAAAAfABkAGQAhQJjAWQAhQJwAhkAUwApAk5s+////wAAAAAAAAAACACpACkB2gF4cgEA"
        + "AAByAQAAAPoIbW9kZWwucHnaCDxsYW1iZGE+AQAAAHMCAAAAFAA="
    ),
  ]

  @Test(arguments: endless.map(\.kind)) func valuesNestedWithoutEndAreRefused(_ kind: String) throws {
    let code = try #require(Self.endless.first { $0.kind == kind }?.code)
    let refusal = try #require(try words(code).refusal)
    #expect(refusal.contains("odd"), "\(refusal)")
    #expect(
      ["nested", "steps", "put into lists", "stack", "BUILD", "bound of a slice"].contains { refusal.contains($0) },
      "\(refusal)")
  }

  /// 300 tuples in a list and a function that calls itself: x + Σ i·x for i from 1 to 10.
  @Test func longListsAndRecursionAreFollowed() throws {
    let code =
      "4wEAAAAAAAAAAAAAAAYAAAADAAAA84YAAACHAocDlwBnAIoDdAEAAAAAAAAAAAAAZAGmAQAAqwEAAAAAAAAAAEQAXRx9AYkDoAEA"
      + "AAAAAAAAAAAAAAAAAAAAAAAAAHwBfAB8AXoFAABmAqYBAACrAQAAAAAAAAAAAQCMHYgCiANmAmQChAiKAgIAiQJ8AGQDpgIAAKsC"
      + "AAAAAAAAAABTACkETmksAQAAYwIAAAAAAAAAAAAAAAUAAAATAAAA81AAAACVApcAfAFkAWsCAAAAAHICfABuHQIAiQJ8AIkDfAEZ"
      + "AAAAAAAAAAAAZAIZAAAAAAAAAAAAegAAAHwBZAJ6CgAApgIAAKsCAAAAAAAAAABTACkDTukAAAAA6QEAAACpACkE2gF02gFu2gNh"
      + "ZGTaBXBhcnRzcwQAAAAgIICA+ghtb2RlbC5weXIIAAAAeg5mLjxsb2NhbHM+LmFkZAUAAABzMQAAAPiAANgUFZgRkkaQRohxiHGg"
      + "A6ADoEGoBahhrAiwEawLoU+wUbgRsVXRIDvUIDvQCDvzAAAAAOkKAAAAKQLaBXJhbmdl2gZhcHBlbmQpBNoBeNoBaXIIAAAAcgkA"
      + "AABzBAAAACAgQEByCgAAANoBZnIRAAAAAQAAAHNpAAAA+PiAANgMDoBF3Q0SkDOJWoxa8AABBSHwAAEFIYgB2AgNjwyKDJBhmBGY"
      + "UZkVkFrRCCDUCCDQCCDQCCDwAgEFPPAAAQU88AABBTzwAAEFPPAAAQU88AABBTzgCw6IM4hxkCKJOow60AQVcgsAAAA="
    let path = try model(code)
    defer { remove(path) }
    let x = try TensorData(shape: [1, 4], floats: [1, 2, 3, 4])
    let y = try Model.load(path).predict(["x": x])[0]
    #expect(try difference(y, TensorData(shape: [1, 4], floats: [56, 112, 168, 224])) < 1e-6)
  }
}
