import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Models of Keras in HDF5 files of seldom forms (`Tools/fixtures/hdf5_models.py`).
@Suite struct HDF5ModelTests {
  private static let folder = PackedFixtures.folder("hdf5_models")

  /// Names in two attributes, a model's own variables, a user block, LZF and the other byte order.
  @Test(arguments: ["many_layers", "many_weights", "top_level", "user_block", "lzf", "big_endian"])
  func predictsWhatKerasPredicted(_ name: String) throws {
    let truth = try ArrayFile.read("\(Self.folder)/\(name).npz")
    let outputs = try Model.load("\(Self.folder)/\(name).h5").predict(truth)
    #expect(outputs.count == 1)
    #expect(try difference(outputs[0], #require(truth["y0"])) <= 1e-5)
  }

  /// Keras itself refuses to load such a file: no layer has a place for what is left over.
  @Test func aModelsOwnVariableIsSaidToBeUnread() throws {
    let said = try Model.load("\(Self.folder)/top_level.h5").loaded.diagnostics
    #expect(said.contains { "\($0.message)".contains("temperature") }, "\(said)")
  }
}
