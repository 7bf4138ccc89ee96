#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"

typedef float vector __attribute__((vector_size(64), aligned(4)));

// As many sums as hide the latency of a multiply-add at two a cycle, and as registers hold.
enum { SUMS = 12, ROUNDS = 4096 };

typedef struct {
  ptrdiff_t repeats;
  float result;
} peak_call;

KK_CLONES static float multiply_add(ptrdiff_t repeats) {
  vector sum[SUMS], factor = {0}, start = {0};
  factor += 0.999f;
  start += 0.001f;
  for (int i = 0; i < SUMS; i++) sum[i] = start * (float)i;
  for (ptrdiff_t round = 0; round < repeats * ROUNDS; round++)
    for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * factor + start;
  vector all = {0};
  for (int i = 0; i < SUMS; i++) all += sum[i];
  float result = 0;
  for (int i = 0; i < 16; i++) result += all[i];
  return result;
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
