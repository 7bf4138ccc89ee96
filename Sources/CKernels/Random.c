#include <math.h>

#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

typedef struct {
  float *y;
  ptrdiff_t count;
  uint64_t seed;
  uint32_t stream, run;
  int normal;
} random_call;

/// Philox 4×32 with 10 rounds (Salmon et al. 2011): the counter alone decides the result, so any thread may make it.
KK_INLINE void philox(uint32_t c[4], uint64_t seed) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t n0 = (uint32_t)(b >> 32) ^ c[1] ^ k0, n2 = (uint32_t)(a >> 32) ^ c[3] ^ k1;
    c[1] = (uint32_t)b;
    c[3] = (uint32_t)a;
    c[0] = n0;
    c[2] = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

/// 24 random bits as a float in [0, 1).
KK_INLINE float unit(uint32_t bits) { return (float)(bits >> 8) * 0x1p-24f; }

KK_CLONES static void random_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const random_call *call = context;
  enum { LANES = 64 };
  uint32_t words[4][LANES];
  for (ptrdiff_t start = begin; start < end; start += LANES) {
    ptrdiff_t lanes = end - start < LANES ? end - start : LANES;
    for (ptrdiff_t l = 0; l < lanes; l++) {
      uint64_t group = (uint64_t)(start + l);
      uint32_t c[4] = {(uint32_t)group, (uint32_t)(group >> 32), call->stream, call->run};
      philox(c, call->seed);
      for (int w = 0; w < 4; w++) words[w][l] = c[w];
    }
    for (ptrdiff_t l = 0; l < lanes; l++) {
      float values[4];
      if (call->normal) {
        for (int pair = 0; pair < 4; pair += 2) {
          // Box and Muller; 1 − u lies in (0, 1].
          float radius = sqrtf(-2.0f * kk_log(1.0f - unit(words[pair][l])));
          float angle = 6.28318530717958648f * unit(words[pair + 1][l]);
          values[pair] = radius * cosf(angle);
          values[pair + 1] = radius * sinf(angle);
        }
      } else {
        for (int w = 0; w < 4; w++) values[w] = unit(words[w][l]);
      }
      ptrdiff_t first = (start + l) * 4;
      for (int w = 0; w < 4 && first + w < call->count; w++) call->y[first + w] = values[w];
    }
  }
}

void kk_random(float *y, ptrdiff_t count, uint64_t seed, uint32_t stream, uint32_t run, int normal) {
  random_call call = {y, count, seed, stream, run, normal};
  kk_parallel((count + 3) / 4, 2048, random_range, &call);
}
