#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "Clones.h"

// Functions of one float without branches, so that loops over them become vector code. Errors are about one unit in
// the last place (erf: two).

KK_INLINE float kk_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

KK_INLINE uint32_t kk_to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

/// eˣ as 2ᵏ times the result, which is between √½ and √2; NaN passes through it.
KK_INLINE float kk_exp_parts(float x, int32_t *k) {
  // Adding 1.5·2²³ rounds to an integer and leaves it in the low bits.
  float shifted = x * 1.44269504088896341f + 12582912.0f;
  float n = shifted - 12582912.0f;
  *k = (int32_t)(kk_to_bits(shifted) - 0x4b400000u);
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * (r * r) + r + 1.0f;
}

/// eˣ; 0 below the smallest denormal, infinity above the largest float.
KK_INLINE float kk_exp(float x) {
  float clamped = x < -104.0f ? -104.0f : x;
  clamped = clamped > 89.0f ? 89.0f : clamped;
  int32_t k;
  float p = kk_exp_parts(clamped, &k);
  // In two factors, since 2ᵏ alone may be no normal float.
  int32_t half = k >> 1;
  float a = kk_from_bits((uint32_t)(half + 127) << 23);
  float b = kk_from_bits((uint32_t)(k - half + 127) << 23);
  float y = p * a * b;
  return x != x ? x : y;
}

/// eˣ where results below 10⁻³⁸ count as that and results above 2·10³⁸ as infinity, which saves a third of the work.
KK_INLINE float kk_exp_bounded(float x) {
  float clamped = x < -87.0f ? -87.0f : x;
  clamped = clamped > 89.0f ? 89.0f : clamped;
  int32_t k;
  float p = kk_exp_parts(clamped, &k);
  return p * kk_from_bits((uint32_t)(k + 127) << 23);
}

/// eˣ for x ≤ 0, where results below 10⁻³⁸ are 0.
KK_INLINE float kk_exp_nonpositive(float x) {
  float y = kk_exp_bounded(x);
  return x < -87.0f ? 0.0f : y;
}

KK_INLINE float kk_expm1(float x) {
  float p = 1.0f / 40320;
  p = p * x + 1.0f / 5040;
  p = p * x + 1.0f / 720;
  p = p * x + 1.0f / 120;
  p = p * x + 1.0f / 24;
  p = p * x + 1.0f / 6;
  p = p * x + 0.5f;
  float near = p * (x * x) + x;
  float far = kk_exp(x) - 1.0f;
  return fabsf(x) < 0.5f ? near : far;
}

/// ln x; −∞ at 0, NaN below.
KK_INLINE float kk_log(float x) {
  int tiny = x < 1.17549435e-38f;
  float scaled = tiny ? x * 8388608.0f : x;
  uint32_t bits = kk_to_bits(scaled);
  // Mantissa in [√½, √2).
  uint32_t shifted = bits - 0x3f3504f3u;
  int32_t exponent = (int32_t)shifted >> 23;
  float m = kk_from_bits((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float e = (float)exponent - (tiny ? 23.0f : 0.0f);
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z;
  y = y + e * -2.12194440e-4f;
  y = y - 0.5f * z;
  y = m + y;
  y = y + e * 0.693359375f;
  y = x == INFINITY ? INFINITY : y;
  y = x == 0.0f ? -INFINITY : y;
  return x < 0.0f || x != x ? NAN : y;
}

KK_INLINE float kk_log1p(float x) {
  float u = 1.0f + x;
  float d = u - 1.0f;
  // Kahan: the error of rounding 1 + x cancels in the quotient.
  float y = kk_log(u) * (x / (d == 0.0f ? 1.0f : d));
  y = d == 0.0f ? x : y;
  return u == INFINITY ? x : y;
}

KK_INLINE float kk_tanh(float x) {
  float a = fabsf(x);
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float near = p * z * x + x;
  float far = copysignf(1.0f - 2.0f / (kk_exp_bounded(2.0f * a) + 1.0f), x);
  return a < 0.625f ? near : far;
}

KK_INLINE float kk_sigmoid(float x) { return 1.0f / (1.0f + kk_exp_bounded(-x)); }

KK_INLINE float kk_erf(float x) {
  float a = fabsf(x);
  float z = x * x;
  float t = 7.853861353153693e-5f;
  t = t * z - 8.010193625184903e-4f;
  t = t * z + 5.188327685732524e-3f;
  t = t * z - 2.685381193529856e-2f;
  t = t * z + 1.128358514861418e-1f;
  t = t * z - 3.761262582423300e-1f;
  t = t * z + 1.128379165726710e+0f;
  float near = t * x;
  float q = 1.0f / (a < 1.0f ? 1.0f : a);
  float y = q * q;
  float p = 2.326819970068386e-2f;
  p = p * y - 1.387039388740657e-1f;
  p = p * y + 3.687424674597105e-1f;
  p = p * y - 5.824733027278666e-1f;
  p = p * y + 6.210004621745983e-1f;
  p = p * y - 4.944515323274145e-1f;
  p = p * y + 3.404879937665872e-1f;
  p = p * y - 2.741127028184656e-1f;
  p = p * y + 5.638259427386472e-1f;
  float r = -1.047766399936249e+1f;
  r = r * y + 1.297719955372516e+1f;
  r = r * y - 7.495518717768503e+0f;
  r = r * y + 2.921019019210786e+0f;
  r = r * y - 1.015265279202700e+0f;
  r = r * y + 4.218463358204948e-1f;
  r = r * y - 2.820767439740514e-1f;
  r = r * y + 5.641895067754075e-1f;
  float complement = kk_exp(-z) * q * (a < 2.0f ? p : r);
  float far = copysignf(1.0f - complement, x);
  return a < 1.0f ? near : (x != x ? x : far);
}

KK_INLINE float kk_softplus(float x) {
  return kk_log1p(kk_exp(-fabsf(x))) + (x > 0.0f ? x : 0.0f);
}

KK_INLINE float kk_gelu(float x) { return 0.5f * x * (1.0f + kk_erf(x * 0.70710678118654752f)); }

KK_INLINE float kk_gelu_tanh(float x) {
  return 0.5f * x * (1.0f + kk_tanh(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}

/// To seven bits of fraction, halves to even.
KK_INLINE float kk_round_bfloat16(float x) {
  uint32_t bits = kk_to_bits(x);
  float y = kk_from_bits((bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u);
  return x != x ? x : y;
}

/// To `fraction` bits below the leading one, fewer below `minimum`; beyond `largest` it is `overflow` with x's sign.
KK_INLINE float kk_narrowed(float x, int fraction, float minimum, float largest, float overflow) {
  float magnitude = fabsf(x);
  float scale = magnitude < minimum ? minimum : magnitude;
  // The power of two below `scale`, by the fraction's width smaller: the distance of neighbours.
  uint32_t exponent = kk_to_bits(scale) & 0x7f800000u;
  float step = kk_from_bits(exponent - ((uint32_t)fraction << 23));
  float y = rintf(magnitude / step) * step;
  y = y > largest ? overflow : y;
  return x != x ? x : copysignf(y, x);
}
