import CHDF5

/// How the library is made to read a file image in place: its default is to copy it twice.
enum HDF5FileImage {
  /// Returns false if the library refuses.
  ///
  /// The image is opened read-only: nothing is ever written through `base`.
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
