import KerasConversion
import KerasExport
import Testing

@Suite struct FormatsTests {
  @Test func everyFormatHasAWordAndEndingsOfItsOwn() {
    #expect(Set(Formats.all.map { $0.format }).count == Formats.all.count)
    let suffixes = Formats.all.flatMap { $0.suffixes }
    #expect(Set(suffixes).count == suffixes.count)
    for format in Formats.all { #expect(!format.suffixes.isEmpty) }
  }

  @Test func theLongestEndingDecides() throws {
    #expect(type(of: try Formats.exporter(for: "a/Model.KERAS")).format == "keras")
    #expect(type(of: try Formats.exporter(format: "h5", for: "model")).format == "h5")
    #expect(throws: ExportError.self) { try Formats.exporter(for: "model.pt") }
    #expect(throws: ExportError.self) { try Formats.exporter(format: "pt", for: "model.keras") }
  }
}
