import Foundation
import KerasCore
import KerasExport
import KerasModel
import PackedFixtures
import TensorBundle

@testable import SavedModelExport

/// A written SavedModel as its parts.
struct WrittenSavedModel {
  let proto: SMSavedModel
  let weights: TensorBundle
  let notes: [ExportNote]
  let files: [String]
  let record: JSON?

  init(_ model: LoadedModel, _ options: ExportOptions = ExportOptions()) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).savedmodel").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    notes = try SavedModelExporter().export(model, to: folder, options: options)
    files = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    proto = try SMSavedModel(serializedBytes: Data(contentsOf: URL(fileURLWithPath: "\(folder)/saved_model.pb")))
    weights = try TensorBundle(prefix: "\(folder)/variables/variables")
    let text = FileManager.default.contents(atPath: "\(folder)/assets.extra/keraskit.json")
    record = try text.map { try JSON(parsing: Array($0)) }
  }

  init(recorded name: String, _ options: ExportOptions = ExportOptions()) throws {
    try self.init(LoadedModel.load(PackedFixtures.path("models/\(name)")), options)
  }

  var meta: SMMetaGraph { proto.metaGraphs.first ?? SMMetaGraph() }
  var functions: [SMFunction] { meta.graphDef.library.function }
  /// The function that computes the model.
  var main: SMFunction? { functions.first { $0.signature.name.hasPrefix("__inference_serve") } }

  func nodes(_ operation: String) -> [SMNode] { main?.nodeDef.filter { $0.op == operation } ?? [] }

  /// References of functions and of the graph that lead nowhere, and names given twice.
  var looseEnds: [String] {
    var ends: [String] = []
    let known = Set(functions.map(\.signature.name))
    if known.count != functions.count { ends.append("two functions of a name") }
    for function in functions {
      let place = function.signature.name
      let arguments = Set(function.signature.inputArg.map(\.name))
      if arguments.count != function.signature.inputArg.count { ends.append("\(place): two arguments of a name") }
      var names: Set<String> = []
      for node in function.nodeDef {
        for input in node.input {
          let parts = input.split(separator: ":").map { String($0) }
          let isKnown =
            input.hasPrefix("^")
            ? names.contains(String(input.dropFirst()))
            : parts.count == 3 ? names.contains(parts[0]) && Int(parts[2]) != nil : arguments.contains(input)
          if !isKnown { ends.append("\(place)/\(node.name) reads \(input)") }
        }
        if !names.insert(node.name).inserted || arguments.contains(node.name) {
          ends.append("\(place)/\(node.name) twice")
        }
        for value in node.attr.values where value.func.name != "" && !known.contains(value.func.name) {
          ends.append("\(place)/\(node.name) calls \(value.func.name)")
        }
      }
      for output in function.signature.outputArg {
        let source = function.ret[output.name]?.split(separator: ":").first.map { String($0) } ?? ""
        if !names.contains(source) { ends.append("\(place) returns \(source)") }
      }
    }
    var names: Set<String> = []
    for node in meta.graphDef.node {
      for input in node.input {
        let source = input.drop { $0 == "^" }.split(separator: ":").first.map { String($0) } ?? ""
        if !names.contains(source) { ends.append("\(node.name) reads \(input)") }
      }
      if !names.insert(node.name).inserted { ends.append("\(node.name) twice") }
    }
    return ends
  }
}
