#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "CKernels.h"

#define LINE 64
#define HUGE_PAGE ((size_t)2 << 20)

/// Whole cache lines, so that vector code may touch the end of the last one; at least one.
static size_t whole_lines(size_t bytes) { return bytes ? (bytes + LINE - 1) / LINE * LINE : LINE; }

#if defined(__linux__)
/// From here on memory comes from the system and goes back to it: it is zero without being touched, and what was freed
/// does not stay with the process between smaller blocks.
static int is_large(size_t bytes) { return bytes >= 2 * HUGE_PAGE; }

static void *map(size_t bytes) {
  size_t size = bytes + HUGE_PAGE;
  char *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  char *memory = (char *)(((uintptr_t)start + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
  // What stands over on both sides goes back.
  size_t page = (size_t)sysconf(_SC_PAGESIZE), end = (bytes + page - 1) / page * page;
  if (memory > start) munmap(start, (size_t)(memory - start));
  if (start + size > memory + end) munmap(memory + end, (size_t)(start + size - (memory + end)));
#if defined(MADV_HUGEPAGE)
  // Weights are read from end to end in each run: fewer, larger pages save lookups. Only advice, so errors don't matter.
  madvise(memory, end, MADV_HUGEPAGE);
#endif
  return memory;
}
#endif

void *kk_allocate(size_t bytes, int zeroed) {
  if (bytes > SIZE_MAX / 2) return NULL;
  bytes = whole_lines(bytes);
#if defined(__linux__)
  if (is_large(bytes)) return map(bytes);
#endif
  void *memory = NULL;
  if (posix_memalign(&memory, LINE, bytes) != 0) return NULL;
  if (zeroed)
    memset(memory, 0, bytes);
  else
    memset((char *)memory + bytes - LINE, 0, LINE);
  return memory;
}

void kk_free(void *memory, size_t bytes) {
#if defined(__linux__)
  bytes = whole_lines(bytes);
  if (is_large(bytes)) {
    munmap(memory, bytes);
    return;
  }
#endif
  (void)bytes;
  free(memory);
}
