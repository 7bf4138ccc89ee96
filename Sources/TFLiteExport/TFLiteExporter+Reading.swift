import KerasCore
import KerasExport
import KerasFile

extension TFLiteExporter {
  public static func recognizes(_ path: String) -> Bool {
    guard let contents = try? FileContents(path: path) else { return false }
    return contents.withBytes { $0.count > 8 && $0[4..<8].elementsEqual("TFL3".utf8) }
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    try reading(path) { model in
      let entry = model.tables(6).first { $0.string(0) == ExportOptions.recordKey }
      let buffers = model.tables(4)
      guard let index = entry?.int(1), buffers.indices.contains(index) else { return nil }
      return try? JSON(parsing: Array(buffers[index].string(0).utf8))
    }
  }

  public static func graph(in path: String) throws(ExportError) -> WrittenGraph? {
    try reading(path) { model in
      guard let main = model.tables(2).first else { return nil }
      let names = main.tables(0).map { $0.string(3) }
      func named(_ indices: [Int]) -> [String] { indices.filter { names.indices.contains($0) }.map { names[$0] } }
      return WrittenGraph(
        steps: main.tables(3).map { node in
          let results = named(node.ints(2))
          return WrittenGraph.Step(name: results.first ?? "", inputs: named(node.ints(1)), results: results)
        })
    }
  }

  private static func reading<Result>(
    _ path: String, _ body: (FlatBufferTable) -> Result?
  ) throws(ExportError) -> Result? {
    let contents: FileContents
    do {
      contents = try FileContents(path: path)
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unreadable(error.description))))
    }
    return contents.withBytes { bytes in FlatBufferTable(bytes).flatMap(body) }
  }
}
