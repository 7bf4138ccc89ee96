import HDF5
import KerasCore
import OrderedCollections

/// The index of weights in several files, `NAME.weights.json` of Keras 3.10 and later, and the files it names.
struct ShardedWeights {
  private static let maximumShards = 10_000

  let file: String
  /// Object path → the shards that hold its arrays.
  private let map: [(object: String, shards: [String])]

  init(_ index: JSON, file: String) throws(KerasFileError) {
    self.file = file
    guard case .object(let members)? = index["weight_map"] else {
      throw KerasFileError(file: file, .missing("weight_map"))
    }
    var map: [(object: String, shards: [String])] = []
    for (object, value) in members {
      let names = value.arrayValue ?? [value]
      var shards: [String] = []
      for name in names {
        guard let name = name.stringValue else {
          throw KerasFileError(file: file, .damaged("weight_map names \(name.kind) for \(object)"))
        }
        guard Self.isPlain(name) else {
          throw KerasFileError(file: file, .unsupported("the shard '\(name)', which is not beside its index"))
        }
        shards.append(name)
      }
      map.append((object, shards))
    }
    self.map = map
  }

  /// The name of a file in the index's own folder: names from a file lead nowhere else.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && !name.contains { "/\\:\0".contains($0) }
  }

  /// Reads all shards; `open` finds one by its name.
  func paths(_ open: (String) throws(KerasFileError) -> HDF5File) throws(KerasFileError) -> StoredPaths {
    var readers: OrderedDictionary<String, HDF5ModelReader> = [:]
    for (_, shards) in map {
      for shard in shards where readers[shard] == nil {
        readers[shard] = HDF5ModelReader(hdf5: try open(shard), file: file, prefix: "\(shard)#")
        guard readers.count <= Self.maximumShards else {
          throw KerasFileError(file: file, .tooLarge("more than \(Self.maximumShards) shards"))
        }
      }
    }
    let stored = try StoredPaths(of: Array(readers.values))
    for (object, _) in map where !stored.holds(object) {
      throw KerasFileError(file: file, .missing("\(object), which the index promises,"))
    }
    return stored
  }

  /// Opens an index and the shards beside it.
  static func open(_ index: JSON, _ path: String) throws(KerasFileError) -> ModelSource {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let stored = try ShardedWeights(index, file: path).paths { name throws(KerasFileError) in
      try file(folder + name, of: path, named: name)
    }
    return ModelSource(
      file: path, format: .shardedWeights, weights: .paths(stored.weights), optimizerWeights: stored.optimizer)
  }

  static func file(_ path: String, of index: String, named name: String) throws(KerasFileError) -> HDF5File {
    guard ModelFile.exists(path) else { throw KerasFileError(file: index, .missing("the shard \(name)")) }
    do {
      return try HDF5File(path: path)
    } catch {
      throw KerasFileError(error, file: index, prefix: "\(name)#")
    }
  }
}
