#pragma once
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else
#include <hdf5/serial/hdf5.h>
#endif

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
static inline hid_t keraskit_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline size_t keraskit_h5_variable_size(void) { return H5T_VARIABLE; }
static inline unsigned keraskit_h5_truncate(void) { return H5F_ACC_TRUNC; }

/// Nobody else knows a file that is being written, and a lock fails on some network file systems.
static inline void keraskit_h5_disable_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
  H5Pset_file_locking(access, 0, 1);
#else
  (void)access;
#endif
}
