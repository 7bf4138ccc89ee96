#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define FOLDING __attribute__((target("pclmul,sse4.1")))

// x^n modulo the polynomial of CRC-32, bits in reverse and one place further up, as products of reversed polynomials
// need it. A 128-bit block is moved by D bits when its first half is multiplied by x^(D+32) and its second by x^(D-32).
#define X_544 0x154442bd4
#define X_480 0x1c6e41596
#define X_160 0x1751997d0
#define X_96 0x0ccaa009e

FOLDING static inline __m128i moved(__m128i block, __m128i distance) {
  return _mm_xor_si128(_mm_clmulepi64_si128(block, distance, 0x00), _mm_clmulepi64_si128(block, distance, 0x11));
}

FOLDING static size_t fold(uint32_t state, const uint8_t *bytes, size_t count, uint8_t *rest) {
  const __m128i *source = (const __m128i *)bytes;
  __m128i block[4];
  for (int i = 0; i < 4; i++) block[i] = _mm_loadu_si128(source + i);
  block[0] = _mm_xor_si128(block[0], _mm_cvtsi32_si128((int)state));
  source += 4;
  size_t taken = 64;
  // Four blocks at once, since one product waits for the one before.
  __m128i far = _mm_set_epi64x(X_480, X_544), near = _mm_set_epi64x(X_96, X_160);
  for (; taken + 64 <= count; taken += 64, source += 4)
    for (int i = 0; i < 4; i++) block[i] = _mm_xor_si128(moved(block[i], far), _mm_loadu_si128(source + i));
  __m128i sum = block[0];
  for (int i = 1; i < 4; i++) sum = _mm_xor_si128(moved(sum, near), block[i]);
  _mm_storeu_si128((__m128i *)rest, sum);
  return taken;
}
#endif

size_t kk_crc32_fold(uint32_t state, const uint8_t *bytes, size_t count, uint8_t *rest) {
#if defined(__x86_64__)
  if (count >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
    return fold(state, bytes, count, rest);
#else
  (void)state, (void)bytes, (void)count, (void)rest;
#endif
  return 0;
}
