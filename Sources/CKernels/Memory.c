#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "CKernels.h"

#define LINE 64
#define HUGE_PAGE (2u << 20)

void *kk_allocate(size_t bytes) {
  size_t alignment = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE;
  if (bytes > SIZE_MAX - alignment) return NULL;
  // Whole cache lines, so that vector code may touch the end of the last one.
  bytes = (bytes + LINE - 1) / LINE * LINE;
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, bytes ? bytes : LINE) != 0) return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  // Weights are read from end to end in each run: fewer, larger pages save lookups. Only advice, so errors don't matter.
  if (alignment == HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  memset(memory, 0, bytes ? bytes : LINE);
  return memory;
}

void kk_free(void *memory) { free(memory); }
