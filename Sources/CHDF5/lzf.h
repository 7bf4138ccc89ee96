#pragma once
#include <hdf5.h>
#if __has_include(<H5Zdevelop.h>)
#include <H5Zdevelop.h>
#endif
#include <stdint.h>
#include <string.h>

/// h5py's filter for LZF, which the library does not have; reading only.
#define KERASKIT_H5_LZF 32000

/// Unpacks LZF: a byte below 32 says how many bytes follow as they are, any other how far back what follows stood before.
/// Returns whether `target` was filled to its last byte.
static inline int keraskit_lzf_decode(const uint8_t *source, size_t count, uint8_t *target, size_t size) {
  size_t at = 0, filled = 0;
  while (at < count) {
    size_t control = source[at++];
    if (control < 32) {
      size_t length = control + 1;
      if (length > count - at || length > size - filled) return 0;
      memcpy(target + filled, source + at, length);
      at += length;
      filled += length;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (at == count) return 0;
      length += source[at++];
    }
    length += 2;
    if (at == count) return 0;
    size_t distance = ((control & 31) << 8 | source[at++]) + 1;
    if (distance > filled || length > size - filled) return 0;
    // Byte by byte: a run may repeat what it writes itself.
    for (size_t i = 0; i < length; i++, filled++) target[filled] = target[filled - distance];
  }
  return filled == size;
}

/// The filter's third parameter is the size of a whole chunk; the reader has compared it with the data set's.
static inline size_t keraskit_lzf_filter(
  unsigned flags, size_t parameter_count, const unsigned parameters[], size_t count, size_t *capacity, void **buffer
) {
  if (!(flags & H5Z_FLAG_REVERSE) || parameter_count < 3 || parameters[2] == 0) return 0;
  size_t size = parameters[2];
  void *target = H5allocate_memory(size, 0);
  if (!target) return 0;
  if (!keraskit_lzf_decode((const uint8_t *)*buffer, count, (uint8_t *)target, size)) {
    H5free_memory(target);
    return 0;
  }
  H5free_memory(*buffer);
  *buffer = target;
  *capacity = size;
  return size;
}

static inline int keraskit_h5_register_lzf(void) {
  static const H5Z_class2_t filter = {
    H5Z_CLASS_T_VERS, KERASKIT_H5_LZF, 0, 1, "lzf", NULL, NULL, keraskit_lzf_filter,
  };
  return H5Zregister(&filter) >= 0;
}

/// Whether a data set is packed by LZF: the size its filter states for a chunk, 0 if it states none, or -1 without LZF.
static inline int64_t keraskit_h5_lzf_chunk(hid_t properties) {
  unsigned flags = 0, parameters[8] = {0};
  size_t count = 8;
  if (H5Pget_filter_by_id2(properties, KERASKIT_H5_LZF, &flags, &count, parameters, 0, NULL, NULL) < 0) return -1;
  return count < 3 ? 0 : (int64_t)parameters[2];
}
