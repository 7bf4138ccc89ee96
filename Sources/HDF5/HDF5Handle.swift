import CHDF5

/// An open object of the library, closed when its owner lets go of it.
struct HDF5Handle: ~Copyable {
  let id: hid_t

  /// Takes over `id`; `nil` if the library reported a failure by a negative number.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  deinit {
    // One call for every kind: an identifier knows what it stands for.
    H5Idec_ref(id)
  }
}
