#pragma once
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
// Where the library's newer releases keep what drivers and conversions are declared with.
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#endif
#if __has_include(<H5Tdevelop.h>)
#include <H5Tdevelop.h>
#endif

/// A file driver that reads bytes in memory, within their bounds.
///
/// The library's own keep a copy of metadata read last, and copy from address zero when a damaged file refers to the
/// undefined address before anything was kept; they also take lengths that wrap around.
typedef struct {
  const unsigned char *bytes;
  size_t count;
} keraskit_h5_bytes;

typedef struct {
  H5FD_t base;
  keraskit_h5_bytes content;
  haddr_t end;
} keraskit_h5_memory;

static inline H5FD_t *keraskit_h5_memory_open(const char *name, unsigned flags, hid_t access, haddr_t limit) {
  const keraskit_h5_bytes *content = (const keraskit_h5_bytes *)H5Pget_driver_info(access);
  if (!content || !content->bytes || flags & H5F_ACC_RDWR) return NULL;
  keraskit_h5_memory *file = (keraskit_h5_memory *)calloc(1, sizeof *file);
  if (file) file->content = *content;
  return (H5FD_t *)file;
}

static inline herr_t keraskit_h5_memory_close(H5FD_t *file) {
  free(file);
  return 0;
}

static inline int keraskit_h5_memory_compare(const H5FD_t *one, const H5FD_t *other) {
  // No two openings are the same file, even of the same bytes.
  return one < other ? -1 : one > other;
}

static inline herr_t keraskit_h5_memory_query(const H5FD_t *file, unsigned long *features) {
  *features = H5FD_FEAT_DATA_SIEVE;
  return 0;
}

static inline haddr_t keraskit_h5_memory_end(const H5FD_t *file, H5FD_mem_t type) {
  return ((const keraskit_h5_memory *)file)->end;
}

static inline herr_t keraskit_h5_memory_set_end(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  ((keraskit_h5_memory *)file)->end = end;
  return 0;
}

static inline haddr_t keraskit_h5_memory_size(const H5FD_t *file, H5FD_mem_t type) {
  return ((const keraskit_h5_memory *)file)->content.count;
}

static inline herr_t keraskit_h5_memory_read(
  H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *target
) {
  keraskit_h5_bytes content = ((keraskit_h5_memory *)file)->content;
  if (address > content.count || size > content.count - address) return -1;
  memcpy(target, content.bytes + address, size);
  return 0;
}

static inline herr_t keraskit_h5_memory_write(
  H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, const void *source
) {
  return -1;
}

static const H5FD_class_t keraskit_h5_memory_class = {
#ifdef H5FD_CLASS_VERSION
  .version = H5FD_CLASS_VERSION,
#endif
  .name = "keraskit_memory",
  .maxaddr = ((haddr_t)1 << 62) - 1,
  .fc_degree = H5F_CLOSE_WEAK,
  .fapl_size = sizeof(keraskit_h5_bytes),
  .open = keraskit_h5_memory_open,
  .close = keraskit_h5_memory_close,
  .cmp = keraskit_h5_memory_compare,
  .query = keraskit_h5_memory_query,
  .get_eoa = keraskit_h5_memory_end,
  .set_eoa = keraskit_h5_memory_set_end,
  .get_eof = keraskit_h5_memory_size,
  .read = keraskit_h5_memory_read,
  .write = keraskit_h5_memory_write,
  .fl_map = H5FD_FLMAP_SINGLE,
};

/// Negative if the library refuses.
static inline hid_t keraskit_h5_register_memory(void) { return H5FDregister(&keraskit_h5_memory_class); }

/// Has a file that is opened with `access` read `count` bytes at `bytes`, which have to outlive it.
static inline herr_t keraskit_h5_use_memory(hid_t access, hid_t driver, const void *bytes, size_t count) {
  keraskit_h5_bytes content = {(const unsigned char *)bytes, count};
  return H5Pset_driver(access, driver, &content);
}
