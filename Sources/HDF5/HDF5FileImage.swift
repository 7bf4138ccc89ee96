import CHDF5

/// A copy of an HDF5 file in memory at a fixed address.
final class HDF5FileImage: @unchecked Sendable {
  let buffer: UnsafeRawBufferPointer

  init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    copy.copyBytes(from: bytes)
    buffer = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[0..<bytes.count])
  }

  deinit { buffer.deallocate() }

  /// Makes the library read an image in place: its default is to copy it twice.
  ///
  /// Returns false if the library refuses. The image is opened read-only, so nothing is ever written through `base`.
  static func share(_ base: UnsafeRawPointer, with access: hid_t) -> Bool {
    var callbacks = H5FD_file_image_callbacks_t(
      image_malloc: { _, _, base in base },
      image_memcpy: { target, source, _, _, _ in target.map { UnsafeRawPointer($0) } == source ? target : nil },
      image_realloc: { _, _, _, _ in nil },
      image_free: { _, _, _ in 0 },
      udata_copy: { $0 },
      udata_free: { _ in 0 },
      udata: UnsafeMutableRawPointer(mutating: base))
    return H5Pset_file_image_callbacks(access, &callbacks) >= 0
  }
}
