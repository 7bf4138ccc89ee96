#pragma once
#include <hdf5.h>
#include "lzf.h"
#include "memory.h"

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

/// Nobody else knows a file that is being written, and a lock fails on some network file systems.
static inline void keraskit_h5_disable_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
  H5Pset_file_locking(access, 0, 1);
#else
  (void)access;
#endif
}

#define KERASKIT_H5_REFERENCE "keraskit reference to a string"

/// A memory type for variable-length strings as a file stores them: 16 bytes that say where the string lies.
static inline hid_t keraskit_h5_string_reference(void) {
  hid_t type = H5Tcreate(H5T_OPAQUE, 16);
  if (type >= 0) H5Tset_tag(type, KERASKIT_H5_REFERENCE);
  return type;
}

/// The conversion to that type, which changes nothing.
static inline herr_t keraskit_h5_keep_reference(
  hid_t source, hid_t target, H5T_cdata_t *data, size_t count, size_t stride, size_t background_stride, void *buffer,
  void *background, hid_t transfer
) {
  if (data->command != H5T_CONV_INIT) return 0;
  data->need_bkg = H5T_BKG_NO;
  if (H5Tis_variable_str(source) <= 0 || H5Tget_class(target) != H5T_OPAQUE) return -1;
  if (H5Tget_size(source) != 16 || H5Tget_size(target) != 16) return -1;
  char *tag = H5Tget_tag(target);
  int is_reference = tag && !strcmp(tag, KERASKIT_H5_REFERENCE);
  H5free_memory(tag);
  return is_reference ? 0 : -1;
}

static inline int keraskit_h5_register_references(void) {
  hid_t source = H5Tcopy(H5T_C_S1), target = keraskit_h5_string_reference();
  int done = source >= 0 && target >= 0 && H5Tset_size(source, H5T_VARIABLE) >= 0 &&
    H5Tregister(H5T_PERS_SOFT, "string reference", source, target, keraskit_h5_keep_reference) >= 0;
  if (source >= 0) H5Tclose(source);
  if (target >= 0) H5Tclose(target);
  return done;
}
