import CHDF5
import KerasCore

/// Writes an HDF5 file as h5py does for Keras: groups, contiguous data sets, attributes.
///
/// Paths are absolute (`/model_weights/dense_1`); missing groups on the way are made.
public final class HDF5Writer: Sendable {
  /// The file as the caller named it, for messages.
  public let name: String
  private let root: hid_t

  /// Bytes an object's header holds: longer lists of names are split over several attributes, as in Keras 2.1.5.
  public static let headerLimit = 64512

  /// Creates the file at `path`, replacing one that is there; it is complete when `finish` returns.
  public init(path: String) throws(HDF5Error) {
    name = path
    root = try HDF5Library.shared.locked { () throws(HDF5Error) -> hid_t in
      guard let access = HDF5Handle(H5Pcreate(keraskit_h5_file_access())) else {
        throw HDF5Error(file: path, .unwritable(HDF5Library.lastFailure()))
      }
      keraskit_h5_disable_locking(access.id)
      let id = H5Fcreate(path, keraskit_h5_truncate(), HDF5Library.defaults, access.id)
      guard id >= 0 else { throw HDF5Error(file: path, .unwritable(HDF5Library.lastFailure())) }
      return id
    }
  }

  /// Creates a file in memory, to be taken by `image`.
  public init(inMemory name: String) throws(HDF5Error) {
    self.name = name
    root = try HDF5Library.shared.locked { () throws(HDF5Error) -> hid_t in
      guard let access = HDF5Handle(H5Pcreate(keraskit_h5_file_access())),
        H5Pset_fapl_core(access.id, 1 << 20, false) >= 0
      else { throw HDF5Error(file: name, .unwritable(HDF5Library.lastFailure())) }
      let unique = "\(name) in memory \(HDF5Library.shared.nextNumber())"
      let id = H5Fcreate(unique, keraskit_h5_truncate(), HDF5Library.defaults, access.id)
      guard id >= 0 else { throw HDF5Error(file: name, .unwritable(HDF5Library.lastFailure())) }
      return id
    }
  }

  deinit {
    HDF5Library.shared.locked { () -> Void in
      H5Fclose(root)
    }
  }

  /// Brings everything to the file, and reports what the disk refuses.
  public func finish() throws(HDF5Error) {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Void in
      guard H5Fflush(root, H5F_SCOPE_GLOBAL) >= 0 else { throw unwritable("") }
    }
  }

  /// The bytes of the file as they would lie on disk.
  public func image() throws(HDF5Error) -> [UInt8] {
    try finish()
    return try HDF5Library.shared.locked { () throws(HDF5Error) -> [UInt8] in
      let size = H5Fget_file_image(root, nil, 0)
      guard size >= 0 else { throw unwritable("") }
      var bytes = [UInt8](repeating: 0, count: size)
      guard H5Fget_file_image(root, &bytes, size) >= 0 else { throw unwritable("") }
      return bytes
    }
  }

  // MARK: Objects

  /// Makes a group and those above it; nothing happens to one that is there.
  public func makeGroup(_ path: String) throws(HDF5Error) {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Void in
      _ = try group(path)
    }
  }

  /// Writes an array as a contiguous data set in its own element type.
  ///
  /// bfloat16 becomes two opaque bytes with an attribute `dtype`, as Keras 3 writes it. Strings are not written: no
  /// Keras weight is one.
  public func write(_ tensor: TensorData, at path: String) throws(HDF5Error) {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Void in
      let isBfloat16 = tensor.dtype == .bfloat16
      guard let type = isBfloat16 ? LibraryType.opaquePair() : LibraryType.littleEndian(tensor.dtype) else {
        throw HDF5Error(file: name, object: path, .unsupportedType(tensor.dtype.rawValue))
      }
      guard let properties = HDF5Handle(H5Pcreate(keraskit_h5_link_create())),
        H5Pset_create_intermediate_group(properties.id, 1) >= 0,
        // As h5py: without the time, equal models are equal files.
        let creation = HDF5Handle(H5Pcreate(keraskit_h5_dataset_create())),
        H5Pset_obj_track_times(creation.id, false) >= 0, let space = Self.space(tensor.shape),
        let dataset = HDF5Handle(
          H5Dcreate2(
            root, path, type.id, space.id, properties.id, creation.id, HDF5Library.defaults))
      else { throw unwritable(path) }
      let status = tensor.bytes.withUnsafeBytes { bytes in
        bytes.isEmpty
          ? 0
          : H5Dwrite(
            dataset.id, type.id, HDF5Library.defaults, HDF5Library.defaults, HDF5Library.defaults, bytes.baseAddress)
      }
      guard status >= 0 else { throw unwritable(path) }
      if isBfloat16 { try writeText("bfloat16", as: "dtype", of: dataset.id, path) }
    }
  }

  // MARK: Attributes

  /// Writes a text as a variable-length UTF-8 scalar, as h5py does for a Python `str`.
  public func setText(_ text: String, attribute: String, of path: String) throws(HDF5Error) {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Void in
      // Named, not passed on as a temporary: it must stay open until the attribute is written.
      let group = try group(path)
      try writeText(text, as: attribute, of: group.id, path)
    }
  }

  /// Writes a list of names as fixed-length strings, split over `NAME0`, `NAME1` … beyond `headerLimit`.
  ///
  /// An empty list becomes an empty array of float64, as numpy makes of it. Throws `HDF5Error.tooLarge` for a single
  /// name over the limit, as Keras does.
  public func setNames(_ names: [String], attribute: String, of path: String) throws(HDF5Error) {
    try HDF5Library.shared.locked { () throws(HDF5Error) -> Void in
      let group = try group(path)
      let longest = names.map(\.utf8.count).max() ?? 0
      guard longest <= Self.headerLimit else {
        throw HDF5Error(file: name, object: path, .tooLarge("a name of \(longest) bytes"))
      }
      var parts = 1
      // As Keras does: equal parts, as many as it takes, each padded to its own longest name.
      while Self.split(names, parts).contains(where: { Self.paddedSize($0) > Self.headerLimit }) { parts += 1 }
      if parts == 1 { return try writeNames(names, as: attribute, of: group.id, path) }
      for (index, part) in Self.split(names, parts).enumerated() {
        try writeNames(part, as: "\(attribute)\(index)", of: group.id, path)
      }
    }
  }

  private static func paddedSize(_ names: [String]) -> Int { names.count * (names.map(\.utf8.count).max() ?? 0) }

  /// numpy's `array_split`: the first parts are one longer if it does not divide.
  private static func split(_ names: [String], _ parts: Int) -> [[String]] {
    let (size, longer) = names.count.quotientAndRemainder(dividingBy: parts)
    return (0..<parts).map { index in
      let start = index * size + min(index, longer)
      return Array(names[start..<(start + size + (index < longer ? 1 : 0))])
    }
  }

  private func writeText(_ text: String, as attribute: String, of object: hid_t, _ path: String) throws(HDF5Error) {
    guard let type = HDF5Handle(H5Tcopy(keraskit_h5_c_string())),
      H5Tset_size(type.id, keraskit_h5_variable_size()) >= 0, H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0,
      let space = HDF5Handle(H5Screate(H5S_SCALAR))
    else { throw unwritable(path) }
    let status = text.withCString { pointer in
      var value: UnsafePointer<CChar>? = pointer
      return Self.create(attribute, of: object, type.id, space.id, &value)
    }
    guard status >= 0 else { throw unwritable("\(path) attribute \(attribute)") }
  }

  private func writeNames(
    _ names: [String], as attribute: String, of object: hid_t, _ path: String
  ) throws(HDF5Error) {
    let length = names.map(\.utf8.count).max() ?? 0
    guard let space = Self.space([names.count]),
      let type = HDF5Handle(H5Tcopy(names.isEmpty ? keraskit_h5_float64() : keraskit_h5_c_string()))
    else { throw unwritable(path) }
    if !names.isEmpty {
      guard H5Tset_size(type.id, max(length, 1)) >= 0, H5Tset_strpad(type.id, H5T_STR_NULLPAD) >= 0 else {
        throw unwritable(path)
      }
    }
    var bytes: [UInt8] = []
    for name in names {
      bytes += Array(name.utf8) + [UInt8](repeating: 0, count: max(length, 1) - name.utf8.count)
    }
    let status = bytes.withUnsafeBytes { Self.create(attribute, of: object, type.id, space.id, $0.baseAddress) }
    guard status >= 0 else { throw unwritable("\(path) attribute \(attribute)") }
  }

  private static func create(
    _ name: String, of object: hid_t, _ type: hid_t, _ space: hid_t, _ value: UnsafeRawPointer?
  ) -> herr_t {
    guard
      let attribute = HDF5Handle(
        H5Acreate2(object, name, type, space, HDF5Library.defaults, HDF5Library.defaults))
    else { return -1 }
    return value.map { H5Awrite(attribute.id, type, $0) } ?? 0
  }

  private static func space(_ shape: [Int]) -> HDF5Handle? {
    if shape.isEmpty { return HDF5Handle(H5Screate(H5S_SCALAR)) }
    return HDF5Handle(H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil))
  }

  /// Opens a group, making it and those above it if they are missing.
  private func group(_ path: String) throws(HDF5Error) -> HDF5Handle {
    guard var group = HDF5Handle(H5Gopen2(root, "/", HDF5Library.defaults)) else { throw unwritable("/") }
    for component in path.split(separator: "/") {
      let name = String(component)
      let id =
        H5Lexists(group.id, name, HDF5Library.defaults) > 0
        ? H5Gopen2(group.id, name, HDF5Library.defaults)
        : H5Gcreate2(group.id, name, HDF5Library.defaults, HDF5Library.defaults, HDF5Library.defaults)
      guard let next = HDF5Handle(id) else { throw unwritable(path) }
      group = next
    }
    return group
  }

  private func unwritable(_ object: String) -> HDF5Error {
    HDF5Error(file: name, object: object, .unwritable(HDF5Library.lastFailure()))
  }
}
