import CHDF5
import KerasCore

extension HDF5File {
  /// The names of an object's attributes in alphabetical order.
  public func attributeNames(of path: String) throws(HDF5Error) -> [String] {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> [String] in
      let object = try openObject(path)
      let count = H5Aget_num_attrs(object.id)
      guard count >= 0, count <= Limits.links else { throw damaged(path) }
      var names: [String] = []
      for index in 0..<hsize_t(count) {
        guard
          let attribute = HDF5Handle(
            H5Aopen_by_idx(
              object.id, ".", H5_INDEX_NAME, H5_ITER_INC, index, HDF5Library.defaults, HDF5Library.defaults))
        else { throw damaged(path) }
        let length = H5Aget_name(attribute.id, 0, nil)
        guard length >= 0, length <= Limits.nameLength else { throw damaged(path) }
        var buffer = [CChar](repeating: 0, count: length + 1)
        guard H5Aget_name(attribute.id, buffer.count, &buffer) >= 0 else { throw damaged(path) }
        names.append(String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
      }
      return names
    }
  }

  /// Whether an object has an attribute of that name.
  public func hasAttribute(_ attribute: String, of path: String) throws(HDF5Error) -> Bool {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Bool in
      let object = try openObject(path)
      let exists = H5Aexists(object.id, attribute)
      guard exists >= 0 else { throw damaged(Self.label(attribute, path)) }
      return exists > 0
    }
  }

  /// An attribute's value, or `nil` if the object has no such attribute.
  public func attribute(_ attribute: String, of path: String) throws(HDF5Error) -> TensorData? {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> TensorData? in
      let object = try openObject(path)
      return try readAttribute(attribute, of: object, path)
    }
  }

  /// A text attribute: a scalar or a single element, of fixed or variable length; `nil` if it is absent.
  public func text(_ attribute: String, of path: String) throws(HDF5Error) -> String? {
    guard let value = try self.attribute(attribute, of: path) else { return nil }
    guard value.dtype == .string, value.strings.count == 1 else {
      throw wrongAttribute(attribute, path, "a text is needed, not \(value.dtype.rawValue) \(Shape(value.shape))")
    }
    return value.strings[0]
  }

  /// An integer attribute: a scalar or a single element; `nil` if it is absent.
  public func integer(_ attribute: String, of path: String) throws(HDF5Error) -> Int? {
    guard let value = try self.attribute(attribute, of: path) else { return nil }
    guard value.elementCount == 1, let number = try? value.doubles().first, let integer = Int(exactly: number) else {
      throw wrongAttribute(attribute, path, "an integer is needed, not \(value.dtype.rawValue) \(Shape(value.shape))")
    }
    return integer
  }

  /// A list of names in stored order, joined from `NAME0`, `NAME1` … if it was too long for one attribute.
  ///
  /// Keras 2.1.5 and later split lists over 64512 bytes. An empty list has no string type: it is stored as an empty
  /// array of float64. `nil` if there is no such attribute.
  public func names(_ attribute: String, of path: String) throws(HDF5Error) -> [String]? {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> [String]? in
      let object = try openObject(path)
      if let value = try readAttribute(attribute, of: object, path) {
        return try names(value, attribute, path)
      }
      var joined: [String] = []
      var part = 0
      while let value = try readAttribute("\(attribute)\(part)", of: object, path) {
        joined += try names(value, "\(attribute)\(part)", path)
        part += 1
      }
      return part == 0 ? nil : joined
    }
  }

  private func names(_ value: TensorData, _ attribute: String, _ path: String) throws(HDF5Error) -> [String] {
    if value.dtype == .string { return value.strings }
    guard value.elementCount == 0 else {
      throw wrongAttribute(attribute, path, "a list of names is needed, not \(value.dtype.rawValue)")
    }
    return []
  }

  func readAttribute(
    _ attribute: String, of object: borrowing HDF5Handle, _ path: String
  ) throws(HDF5Error) -> TensorData? {
    let label = Self.label(attribute, path)
    let exists = H5Aexists(object.id, attribute)
    guard exists >= 0 else { throw damaged(label) }
    guard exists > 0 else { return nil }
    guard let opened = HDF5Handle(H5Aopen(object.id, attribute, HDF5Library.defaults)),
      let type = HDF5Handle(H5Aget_type(opened.id)), let space = HDF5Handle(H5Aget_space(opened.id))
    else { throw damaged(label) }
    let count = checkedProduct(try shape(of: space, label)) ?? Int.max
    let (size, overflow) = count.multipliedReportingOverflow(by: H5Tget_size(type.id))
    guard !overflow, size <= Limits.attributeBytes else {
      throw HDF5Error(file: name, object: label, .tooLarge("an attribute of \(count) elements"))
    }
    let id = opened.id
    return try tensor(
      Elements(object: label, type: type, space: space, storageBytes: size) { H5Aread(id, $0, $1) })
  }

  private static func label(_ attribute: String, _ path: String) -> String { "\(path) attribute \(attribute)" }

  private func wrongAttribute(_ attribute: String, _ path: String, _ reason: String) -> HDF5Error {
    HDF5Error(file: name, object: Self.label(attribute, path), .wrongKind(reason))
  }
}
