#pragma once
#include <hdf5.h>
#include "lzf.h"

// Swift cannot import macros that call H5open() first, nor names whose meaning depends on the library's version.

static inline hid_t keraskit_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t keraskit_h5_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t keraskit_h5_int8(void) { return H5T_STD_I8LE; }
static inline hid_t keraskit_h5_int16(void) { return H5T_STD_I16LE; }
static inline hid_t keraskit_h5_int32(void) { return H5T_STD_I32LE; }
static inline hid_t keraskit_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t keraskit_h5_uint8(void) { return H5T_STD_U8LE; }
static inline hid_t keraskit_h5_uint16(void) { return H5T_STD_U16LE; }
static inline hid_t keraskit_h5_uint32(void) { return H5T_STD_U32LE; }
static inline hid_t keraskit_h5_uint64(void) { return H5T_STD_U64LE; }
static inline hid_t keraskit_h5_c_string(void) { return H5T_C_S1; }
static inline hid_t keraskit_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t keraskit_h5_link_create(void) { return H5P_LINK_CREATE; }
static inline size_t keraskit_h5_variable_size(void) { return H5T_VARIABLE; }
static inline unsigned keraskit_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned keraskit_h5_truncate(void) { return H5F_ACC_TRUNC; }

/// The kind of a link (`H5L_type_t`), or -1 if there is none.
static inline int keraskit_h5_link_type(hid_t location, const char *name) {
  H5L_info_t info;
  if (H5Lexists(location, name, H5P_DEFAULT) <= 0) return -1;
  return H5Lget_info(location, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
}

/// Readers need no lock, and a lock fails on some network file systems.
static inline void keraskit_h5_disable_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
  H5Pset_file_locking(access, 0, 1);
#else
  (void)access;
#endif
}
