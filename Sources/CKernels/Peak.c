#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"

// As many sums as hide the latency of a multiply-add at two a cycle, and as registers hold.
enum { SUMS = 12, ROUNDS = 4096 };

typedef struct {
  ptrdiff_t repeats;
  float result;
} peak_call;

/// Rounds of multiply-adds in registers of LANES floats.
#define MULTIPLY_ADD(LANES)                                                           \
  KK_INLINE float multiply_add_##LANES(ptrdiff_t repeats) {                           \
    typedef float vector __attribute__((vector_size(4 * LANES)));                     \
    vector sum[SUMS], factor = {0}, start = {0}, all = {0};                           \
    factor += 0.999f;                                                                 \
    start += 0.001f;                                                                  \
    for (int i = 0; i < SUMS; i++) sum[i] = start * (float)i;                         \
    for (ptrdiff_t round = 0; round < repeats * ROUNDS * (16 / LANES); round++)       \
      for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * factor + start;                \
    for (int i = 0; i < SUMS; i++) all += sum[i];                                     \
    float result = 0;                                                                 \
    for (int i = 0; i < LANES; i++) result += all[i];                                 \
    return result;                                                                    \
  }

#if defined(__x86_64__)
MULTIPLY_ADD(16)
MULTIPLY_ADD(8)
KK_512_BITS static float in_512_bits(ptrdiff_t repeats) { return multiply_add_16(repeats); }
KK_256_BITS static float in_256_bits(ptrdiff_t repeats) { return multiply_add_8(repeats); }
#endif
MULTIPLY_ADD(4)

static float multiply_add(ptrdiff_t repeats) {
  switch (kk_register_floats()) {
#if defined(__x86_64__)
    case 16: return in_512_bits(repeats);
    case 8: return in_256_bits(repeats);
#endif
    default: return multiply_add_4(repeats);
  }
}

static void body(void *context, ptrdiff_t begin, ptrdiff_t end) {
  peak_call *call = context;
  float result = multiply_add(call->repeats * (end - begin));
  // Stored by all threads, read by none: it only has to be wanted.
  __atomic_store(&call->result, &result, __ATOMIC_RELAXED);
}

double kk_multiply_add_work(ptrdiff_t repeats) {
  peak_call call = {repeats, 0};
  ptrdiff_t threads = kk_threads();
  kk_parallel(threads, 1, body, &call);
  return 2.0 * 16 * SUMS * ROUNDS * (double)repeats * (double)threads;
}
