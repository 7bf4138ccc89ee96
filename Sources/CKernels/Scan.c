#include "CKernels.h"

void kk_cumulative_sum(float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int reverse) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t k = 0; k < count; k++) {
      ptrdiff_t row = (o * count + (reverse ? count - 1 - k : k)) * inner;
      ptrdiff_t previous = row + (reverse ? inner : -inner);
      for (ptrdiff_t i = 0; i < inner; i++) y[row + i] = k == 0 ? x[row + i] : y[previous + i] + x[row + i];
    }
}

void kk_cumulative_sum_int(
  int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int reverse) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t k = 0; k < count; k++) {
      ptrdiff_t row = (o * count + (reverse ? count - 1 - k : k)) * inner;
      ptrdiff_t previous = row + (reverse ? inner : -inner);
      for (ptrdiff_t i = 0; i < inner; i++)
        y[row + i] = k == 0 ? x[row + i] : (int32_t)((uint32_t)y[previous + i] + (uint32_t)x[row + i]);
    }
}

void kk_argmax(int32_t *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const float *p = x + o * count * inner + i;
      ptrdiff_t best = 0;
      for (ptrdiff_t k = 1; k < count; k++)
        if (p[k * inner] > p[best * inner]) best = k;
      y[o * inner + i] = (int32_t)best;
    }
}

void kk_argmax_int(int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const int32_t *p = x + o * count * inner + i;
      ptrdiff_t best = 0;
      for (ptrdiff_t k = 1; k < count; k++)
        if (p[k * inner] > p[best * inner]) best = k;
      y[o * inner + i] = (int32_t)best;
    }
}
