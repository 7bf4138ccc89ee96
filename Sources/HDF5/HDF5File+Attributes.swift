import KerasCore

extension HDF5File {
  /// The names of an object's attributes in alphabetical order.
  public func attributeNames(of path: String) throws(HDF5Error) -> [String] {
    try about(path) { () throws(HDF5Error.Cause) in
      try attributes(of: object(path).header).map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  /// Whether an object has an attribute of that name.
  public func hasAttribute(_ attribute: String, of path: String) throws(HDF5Error) -> Bool {
    try about(path) { () throws(HDF5Error.Cause) in
      try attributes(of: object(path).header).contains { $0.name == attribute }
    }
  }

  /// An attribute's value, or `nil` if the object has no such attribute.
  public func attribute(_ attribute: String, of path: String) throws(HDF5Error) -> TensorData? {
    try value(of: attribute, of: path, in: all(path))
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
    let attributes = try all(path)
    if let value = try value(of: attribute, of: path, in: attributes) { return try names(value, attribute, path) }
    var joined: [String] = []
    var part = 0
    while let value = try value(of: "\(attribute)\(part)", of: path, in: attributes) {
      joined += try names(value, "\(attribute)\(part)", path)
      part += 1
    }
    return part == 0 ? nil : joined
  }

  private func all(_ path: String) throws(HDF5Error) -> [StoredAttribute] {
    try about(path) { () throws(HDF5Error.Cause) in try attributes(of: object(path).header) }
  }

  private func value(
    of attribute: String, of path: String, in attributes: [StoredAttribute]
  ) throws(HDF5Error) -> TensorData? {
    guard let found = attributes.first(where: { $0.name == attribute }) else { return nil }
    return try about(Self.label(attribute, path)) { () throws(HDF5Error.Cause) in try value(of: found) }
  }

  private func names(_ value: TensorData, _ attribute: String, _ path: String) throws(HDF5Error) -> [String] {
    if value.dtype == .string { return value.strings }
    guard value.elementCount == 0 else {
      throw wrongAttribute(attribute, path, "a list of names is needed, not \(value.dtype.rawValue)")
    }
    return []
  }

  private static func label(_ attribute: String, _ path: String) -> String { "\(path) attribute \(attribute)" }

  private func wrongAttribute(_ attribute: String, _ path: String, _ reason: String) -> HDF5Error {
    HDF5Error(file: name, object: Self.label(attribute, path), .wrongKind(reason))
  }

  // MARK: As stored (section IV.A.2.m)

  struct StoredAttribute {
    var name: String
    var type: Range<Int>
    var shape: Range<Int>
    var elements: Range<Int>
  }

  func attributes(of header: ObjectHeader) throws(HDF5Error.Cause) -> [StoredAttribute] {
    var found: [StoredAttribute] = []
    for message in header.messages where !message.isShared {
      switch message.kind {
      case ObjectHeader.Kind.attribute: found.append(try attribute(message.content))
      case ObjectHeader.Kind.attributeInfo:
        var cursor = try bytes.cursor(message.content)
        guard try cursor.byte() == 0 else { throw .damaged("the attributes' description") }
        if try cursor.byte() & 1 != 0 { try cursor.skip(2) }
        guard let place = try cursor.address(), let index = try cursor.address() else { continue }
        var heap = try FractalHeap(at: place, in: bytes)
        let records = try RecordTree(at: index, in: bytes)
        guard records.type == 8, records.recordSize == 17 else {
          throw .damaged("an index of attributes of kind \(records.type)")
        }
        for record in records.records {
          found.append(try attribute(heap.object(record.lowerBound..<record.lowerBound + 8)))
        }
      default: break
      }
    }
    return found
  }

  private func attribute(_ content: Range<Int>) throws(HDF5Error.Cause) -> StoredAttribute {
    var cursor = try bytes.cursor(content)
    let (version, flags) = (try cursor.byte(), try cursor.byte())
    guard (1...3).contains(version) else { throw .damaged("an attribute of version \(version)") }
    let (nameSize, typeSize, shapeSize) = (try cursor.short(), try cursor.short(), try cursor.short())
    if version == 3 { try cursor.skip(1) }
    let padding = { (size: Int) in version == 1 ? (8 - size % 8) % 8 : 0 }
    let name = try cursor.text(nameSize)
    try cursor.skip(padding(nameSize))
    let type = try cursor.take(typeSize)
    try cursor.skip(padding(typeSize))
    let shape = try cursor.take(shapeSize)
    try cursor.skip(min(padding(shapeSize), cursor.remaining))
    return StoredAttribute(
      name: name,
      type: try ObjectHeader.content(
        ObjectHeader.Kind.datatype, type, isShared: version > 1 && flags & 1 != 0, bytes),
      shape: try ObjectHeader.content(
        ObjectHeader.Kind.dataspace, shape, isShared: version > 1 && flags & 2 != 0, bytes),
      elements: try cursor.take(cursor.remaining))
  }

  func value(of attribute: StoredAttribute) throws(HDF5Error.Cause) -> TensorData {
    let type = try ElementType(attribute.type, in: bytes)
    let shape = try StoredExtent(attribute.shape, in: bytes).shape
    guard let size = checkedProduct(shape + [type.size]), size <= attribute.elements.count else {
      throw .damaged("\(shape) elements of \(type.size) bytes in \(attribute.elements.count)")
    }
    let start = attribute.elements.lowerBound
    return try tensor(bytes.copy(start..<start + size), type, shape)
  }
}
