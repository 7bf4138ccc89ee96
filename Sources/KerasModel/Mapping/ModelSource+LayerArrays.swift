import KerasFile

extension ModelSource {
  /// The arrays the file holds for a layer by its path of names: its own, or those inside its model's group.
  func arrays(ofLayerAt path: [String]) -> [StoredArray] {
    guard let first = path.first, let name = path.last else { return [] }
    switch weights {
    case .none: return []
    case .groups(let groups):
      let arrays = groups.first { $0.name == first }?.arrays ?? []
      return path.count == 1 ? arrays : arrays.filter { $0.name.split(separator: "/").contains(Substring(name)) }
    case .paths(let objects): return objects.first { $0.layerName == name }?.arrays ?? []
    }
  }

  /// The objects of a file that stores by path; empty for others.
  var objects: [WeightGroup] { if case .paths(let objects) = weights { objects } else { [] } }
}
