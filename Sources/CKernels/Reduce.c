#include <float.h>

#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

// Sums run over blocks of this many elements (or rows) that are then added up, so that rounding errors grow with the
// number of blocks only.
#define SUM_BLOCK 1024
#define ROW_BLOCK 64
#define COLUMNS 256
#define SOFTMAX_ROWS 4

KK_INLINE float combine(kk_reduction kind, float a, float b) {
  switch (kind) {
    case KK_REDUCE_SUM: return a + b;
    case KK_REDUCE_MAXIMUM: return b > a || b != b ? b : a;
    case KK_REDUCE_MINIMUM: return b < a || b != b ? b : a;
    case KK_REDUCE_PRODUCT: return a * b;
  }
  return a;
}

KK_INLINE float neutral(kk_reduction kind) {
  switch (kind) {
    case KK_REDUCE_SUM: return 0.0f;
    case KK_REDUCE_MAXIMUM: return -INFINITY;
    case KK_REDUCE_MINIMUM: return INFINITY;
    case KK_REDUCE_PRODUCT: return 1.0f;
  }
  return 0.0f;
}

/// The reduction of a contiguous run, in 32 lanes.
KK_INLINE float reduce_run(kk_reduction kind, const float *x, ptrdiff_t count) {
  float total = neutral(kind);
  while (count > 0) {
    ptrdiff_t n = count < SUM_BLOCK ? count : SUM_BLOCK;
    float part = neutral(kind);
    ptrdiff_t i = 0;
    if (n >= 32) {
      float lanes[32];
      for (int l = 0; l < 32; l++) lanes[l] = x[l];
      for (i = 32; i + 32 <= n; i += 32)
        for (int l = 0; l < 32; l++) lanes[l] = combine(kind, lanes[l], x[i + l]);
      for (int width = 16; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lanes[l] = combine(kind, lanes[l], lanes[l + width]);
      part = lanes[0];
    }
    for (; i < n; i++) part = combine(kind, part, x[i]);
    total = combine(kind, total, part);
    x += n;
    count -= n;
  }
  return total;
}

/// The reduction of `count` rows of `width` ≤ COLUMNS floats, `stride` apart.
KK_INLINE void reduce_rows(
  kk_reduction kind, float *y, const float *x, ptrdiff_t count, ptrdiff_t width, ptrdiff_t stride) {
  float total[COLUMNS], part[COLUMNS];
  for (ptrdiff_t i = 0; i < width; i++) total[i] = neutral(kind);
  for (ptrdiff_t row = 0; row < count; row += ROW_BLOCK) {
    ptrdiff_t rows = count - row < ROW_BLOCK ? count - row : ROW_BLOCK;
    for (ptrdiff_t i = 0; i < width; i++) part[i] = x[row * stride + i];
    for (ptrdiff_t r = 1; r < rows; r++)
      for (ptrdiff_t i = 0; i < width; i++) part[i] = combine(kind, part[i], x[(row + r) * stride + i]);
    for (ptrdiff_t i = 0; i < width; i++) total[i] = combine(kind, total[i], part[i]);
  }
  for (ptrdiff_t i = 0; i < width; i++) y[i] = total[i];
}

typedef struct {
  kk_reduction kind;
  float *y;
  const float *x;
  ptrdiff_t outer, count, inner;
  float scale;
} reduction;

KK_INLINE void reduce_kind(kk_reduction kind, const reduction *r, ptrdiff_t begin, ptrdiff_t end) {
  if (r->inner == 1) {
    for (ptrdiff_t o = begin; o < end; o++) r->y[o] = r->scale * reduce_run(kind, r->x + o * r->count, r->count);
    return;
  }
  ptrdiff_t tiles = (r->inner + COLUMNS - 1) / COLUMNS;
  for (ptrdiff_t item = begin; item < end; item++) {
    ptrdiff_t o = item / tiles, column = item % tiles * COLUMNS;
    ptrdiff_t width = r->inner - column < COLUMNS ? r->inner - column : COLUMNS;
    float *y = r->y + o * r->inner + column;
    reduce_rows(kind, y, r->x + o * r->count * r->inner + column, r->count, width, r->inner);
    if (r->scale != 1.0f)
      for (ptrdiff_t i = 0; i < width; i++) y[i] *= r->scale;
  }
}

KK_CLONES static void reduce_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const reduction *r = context;
  switch (r->kind) {
    case KK_REDUCE_SUM: reduce_kind(KK_REDUCE_SUM, r, begin, end); return;
    case KK_REDUCE_MAXIMUM: reduce_kind(KK_REDUCE_MAXIMUM, r, begin, end); return;
    case KK_REDUCE_MINIMUM: reduce_kind(KK_REDUCE_MINIMUM, r, begin, end); return;
    case KK_REDUCE_PRODUCT: reduce_kind(KK_REDUCE_PRODUCT, r, begin, end); return;
  }
}

void kk_reduce(
  kk_reduction kind, float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, float scale) {
  reduction r = {kind, y, x, outer, count, inner, scale};
  ptrdiff_t items = inner == 1 ? outer : outer * ((inner + COLUMNS - 1) / COLUMNS);
  ptrdiff_t work = count * (inner < COLUMNS ? inner : COLUMNS);
  kk_parallel(items, 65536 / (work + 1) + 1, reduce_range, &r);
}

void kk_reduce_int(
  kk_reduction kind, int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int32_t divisor) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const int32_t *p = x + o * count * inner + i;
      uint32_t total = kind == KK_REDUCE_PRODUCT ? 1 : 0;
      int32_t best = kind == KK_REDUCE_MAXIMUM ? INT32_MIN : INT32_MAX;
      for (ptrdiff_t k = 0; k < count; k++) {
        int32_t v = p[k * inner];
        switch (kind) {
          case KK_REDUCE_SUM: total += (uint32_t)v; break;
          case KK_REDUCE_PRODUCT: total *= (uint32_t)v; break;
          case KK_REDUCE_MAXIMUM: best = v > best ? v : best; break;
          case KK_REDUCE_MINIMUM: best = v < best ? v : best; break;
        }
      }
      int32_t result = kind == KK_REDUCE_SUM || kind == KK_REDUCE_PRODUCT ? (int32_t)total : best;
      y[o * inner + i] = divisor > 1 ? result / divisor : result;
    }
}

typedef struct {
  float *y;
  const float *x;
  ptrdiff_t count, inner;
  int logarithm;
} softmax_call;

KK_INLINE float largest_of(const float *x, ptrdiff_t n) {
  float largest = reduce_run(KK_REDUCE_MAXIMUM, x, n);
  return largest == -INFINITY ? 0.0f : largest;
}

KK_INLINE void log_softmax_row(float *y, const float *x, ptrdiff_t n) {
  float largest = largest_of(x, n), total = 0.0f, part[64];
  for (ptrdiff_t start = 0; start < n; start += 64) {
    ptrdiff_t width = n - start < 64 ? n - start : 64;
    for (ptrdiff_t i = 0; i < width; i++) part[i] = kk_exp_nonpositive(x[start + i] - largest);
    total += reduce_run(KK_REDUCE_SUM, part, width);
  }
  float shift = kk_log(total);
  for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i] - largest - shift;
}

/// A few rows of `n` at once, step by step, so that the ends of their sums overlap.
KK_INLINE void softmax_rows(int rows, float *y, const float *x, ptrdiff_t n) {
  float largest[SOFTMAX_ROWS], scale[SOFTMAX_ROWS];
  for (int r = 0; r < rows; r++) largest[r] = largest_of(x + r * n, n);
  for (int r = 0; r < rows; r++)
    for (ptrdiff_t i = 0; i < n; i++) y[r * n + i] = kk_exp_nonpositive(x[r * n + i] - largest[r]);
  for (int r = 0; r < rows; r++) scale[r] = 1.0f / reduce_run(KK_REDUCE_SUM, y + r * n, n);
  for (int r = 0; r < rows; r++)
    for (ptrdiff_t i = 0; i < n; i++) y[r * n + i] *= scale[r];
}

/// `width` ≤ 64 neighbouring columns at once.
KK_INLINE void softmax_columns(
  float *y, const float *x, ptrdiff_t n, ptrdiff_t width, ptrdiff_t stride, int logarithm) {
  float largest[64], total[64];
  for (ptrdiff_t i = 0; i < width; i++) largest[i] = -INFINITY, total[i] = 0.0f;
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < width; i++) largest[i] = combine(KK_REDUCE_MAXIMUM, largest[i], x[k * stride + i]);
  for (ptrdiff_t i = 0; i < width; i++) largest[i] = largest[i] == -INFINITY ? 0.0f : largest[i];
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < width; i++) {
      float d = x[k * stride + i] - largest[i], e = kk_exp_nonpositive(d);
      y[k * stride + i] = logarithm ? d : e;
      total[i] += e;
    }
  for (ptrdiff_t i = 0; i < width; i++) total[i] = logarithm ? kk_log(total[i]) : 1.0f / total[i];
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < width; i++) {
      float v = y[k * stride + i];
      y[k * stride + i] = logarithm ? v - total[i] : v * total[i];
    }
}

KK_CLONES static void softmax_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const softmax_call *c = context;
  if (c->inner == 1) {
    ptrdiff_t n = c->count, o = begin;
    if (c->logarithm)
      for (; o < end; o++) log_softmax_row(c->y + o * n, c->x + o * n, n);
    // Several long rows would leave the first-level cache between the steps.
    if (n <= 512)
      for (; o + SOFTMAX_ROWS <= end; o += SOFTMAX_ROWS) softmax_rows(SOFTMAX_ROWS, c->y + o * n, c->x + o * n, n);
    for (; o < end; o++) softmax_rows(1, c->y + o * n, c->x + o * n, n);
    return;
  }
  for (ptrdiff_t o = begin; o < end; o++)
    for (ptrdiff_t i = 0; i < c->inner; i += 64) {
      ptrdiff_t width = c->inner - i < 64 ? c->inner - i : 64, offset = o * c->count * c->inner + i;
      softmax_columns(c->y + offset, c->x + offset, c->count, width, c->inner, c->logarithm);
    }
}

void kk_softmax(float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int logarithm) {
  softmax_call c = {y, x, count, inner, logarithm};
  kk_parallel(outer, 16384 / (count * inner + 1) + 1, softmax_range, &c);
}

typedef struct {
  float *result;
  const float *y, *g;
  ptrdiff_t count, inner;
} softmax_gradient_call;

KK_INLINE void softmax_gradient_row(float *result, const float *y, const float *g, ptrdiff_t n) {
  float total = 0.0f, part[64];
  for (ptrdiff_t start = 0; start < n; start += 64) {
    ptrdiff_t width = n - start < 64 ? n - start : 64;
    for (ptrdiff_t i = 0; i < width; i++) part[i] = g[start + i] * y[start + i];
    total += reduce_run(KK_REDUCE_SUM, part, width);
  }
  for (ptrdiff_t i = 0; i < n; i++) result[i] = (g[i] - total) * y[i];
}

/// `width` ≤ 64 neighbouring columns at once.
KK_INLINE void softmax_gradient_columns(
  float *result, const float *y, const float *g, ptrdiff_t n, ptrdiff_t width, ptrdiff_t stride) {
  float total[64];
  for (ptrdiff_t i = 0; i < width; i++) total[i] = 0.0f;
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < width; i++) total[i] += g[k * stride + i] * y[k * stride + i];
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < width; i++)
      result[k * stride + i] = (g[k * stride + i] - total[i]) * y[k * stride + i];
}

KK_CLONES static void softmax_gradient_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const softmax_gradient_call *c = context;
  for (ptrdiff_t o = begin; o < end; o++) {
    ptrdiff_t start = o * c->count * c->inner;
    if (c->inner == 1) {
      softmax_gradient_row(c->result + start, c->y + start, c->g + start, c->count);
      continue;
    }
    for (ptrdiff_t i = 0; i < c->inner; i += 64) {
      ptrdiff_t width = c->inner - i < 64 ? c->inner - i : 64, offset = start + i;
      softmax_gradient_columns(c->result + offset, c->y + offset, c->g + offset, c->count, width, c->inner);
    }
  }
}

void kk_softmax_gradient(
  float *result, const float *y, const float *g, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner) {
  softmax_gradient_call c = {result, y, g, count, inner};
  kk_parallel(outer, 16384 / (count * inner + 1) + 1, softmax_gradient_range, &c);
}
