#include "CKernels.h"
#include "Parallel.h"

// A processor may take a hundred cycles for one operation on a number below the smallest normal one. TensorFlow takes
// such numbers for 0 in all its threads, so those results are the same.

#if defined(__x86_64__)
static const uint64_t FLUSHED = 0x8040;  // Results and operands, of MXCSR.
static uint64_t mode(void) { return __builtin_ia32_stmxcsr(); }
static void set_mode(uint64_t bits) { __builtin_ia32_ldmxcsr((uint32_t)bits); }
#elif defined(__aarch64__)
static const uint64_t FLUSHED = 1u << 24;  // Results and operands, of FPCR.
static uint64_t mode(void) {
  uint64_t bits;
  __asm__ volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
static void set_mode(uint64_t bits) { __asm__ volatile("msr fpcr, %0" : : "r"(bits) : "memory"); }
#else
static const uint64_t FLUSHED = 0;
static uint64_t mode(void) { return 0; }
static void set_mode(uint64_t bits) { (void)bits; }
#endif

/// The size of the largest team of the calling thread whose threads flush. A thread that joins later is begun by one
/// that flushes, and begins in its mode.
static _Thread_local int flushed_team;

static void flush_each(void *context, ptrdiff_t begin, ptrdiff_t end) {
  (void)context, (void)begin, (void)end;
  set_mode(mode() | FLUSHED);
}

uint64_t kk_flush_subnormals(void) {
  uint64_t former = mode();
  if ((former & FLUSHED) != FLUSHED) set_mode(former | FLUSHED);
  int threads = kk_threads();
  if (threads > flushed_team) {
    kk_parallel(threads, 1, flush_each, NULL);
    flushed_team = threads;
  }
  return former;
}

void kk_restore_subnormals(uint64_t former) {
  if ((former & FLUSHED) != FLUSHED) set_mode((mode() & ~FLUSHED) | (former & FLUSHED));
}
