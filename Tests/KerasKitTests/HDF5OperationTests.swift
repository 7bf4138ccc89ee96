import KerasKit
import PackedFixtures
import Testing

/// Operations between layers in Keras 3's HDF5, which leaves their modules out (`Tools/fixtures/graph_nodes_hdf5.py`).
@Suite struct HDF5OperationTests {
  @Test func theirConstantsCount() throws {
    let path = PackedFixtures.path("graph_nodes/hdf5_operations")
    let truth = try ArrayFile.read(path + ".npz")
    let results = try Model.load(path + ".h5").predict(["x": #require(truth["x"])])
    #expect(results.count == 2)
    for (index, result) in results.enumerated() {
      #expect(try difference(result, #require(truth["y\(index)"])) <= 1e-5)
    }
  }
}
