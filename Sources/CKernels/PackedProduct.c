#include <string.h>

#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

enum { WIDTH = KK_PACK_WIDTH, PARTS = WIDTH / 16 };

// Multiplications from which on a waiting thread is worth handing work to: a few microseconds.
#define PRODUCT_GRAIN 131072

typedef float vector __attribute__((vector_size(64), aligned(4)));

// Macros, since a function returning so wide a vector has no fixed calling convention.
#define LOAD(P) (*(const vector *)(P))
#define STORE(P, V) (*(vector *)(P) = (V))

typedef int32_t mask __attribute__((vector_size(64)));
/// 0 where a value is negative, else the value (also if it is NaN).
#define CUT(V) ((vector)((mask)(V) & ~(mask)((V) < 0)))

typedef struct {
  float *y;
  ptrdiff_t ldy;
  const float *x;
  ptrdiff_t ldx;
  const float *packed;
  ptrdiff_t rows, k, n;
  int accumulate;
  const float *bias;
  int relu;
} packed_call;

ptrdiff_t kk_packed_count(ptrdiff_t k, ptrdiff_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH * k; }

typedef struct {
  float *packed;
  const float *w;
  ptrdiff_t ldw, k, n, first, rows;
} packing;

static void pack_blocks(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const packing *p = context;
  for (ptrdiff_t block = begin; block < end; block++) {
    ptrdiff_t column = block * WIDTH, width = p->n - column < WIDTH ? p->n - column : WIDTH;
    float *target = p->packed + (block * p->k + p->first) * WIDTH;
    for (ptrdiff_t row = 0; row < p->rows; row++, target += WIDTH) {
      memcpy(target, p->w + row * p->ldw + column, (size_t)width * sizeof(float));
      memset(target + width, 0, (size_t)(WIDTH - width) * sizeof(float));
    }
  }
}

void kk_pack_rows(
  float *packed, const float *w, ptrdiff_t ldw, ptrdiff_t k, ptrdiff_t n, ptrdiff_t first, ptrdiff_t rows) {
  packing call = {packed, w, ldw, k, n, first, rows};
  // New memory is given by the page, which takes longer than filling it: worth sharing early.
  ptrdiff_t grain = rows > 0 ? 16384 / (rows * WIDTH) + 1 : 1;
  kk_parallel((n + WIDTH - 1) / WIDTH, grain, pack_blocks, &call);
}

void kk_pack(float *packed, const float *w, ptrdiff_t ldw, ptrdiff_t k, ptrdiff_t n) {
  kk_pack_rows(packed, w, ldw, k, n, 0, k);
}

/// ROWS × WIDTH results in registers, from `start` (ROWS rows of WIDTH) or zero to `sum`.
#define PACKED_TILE(ROWS)                                                                                    \
  KK_INLINE void packed_tile_##ROWS(                                                                         \
    const packed_call *c, const float *w, ptrdiff_t row, float *y, ptrdiff_t ldy, const float *bias, int accumulate) { \
    vector sum[ROWS][PARTS];                                                                                 \
    for (int r = 0; r < ROWS; r++)                                                                           \
      for (int v = 0; v < PARTS; v++)                                                                        \
        sum[r][v] = accumulate ? LOAD(y + r * ldy + 16 * v) : (bias ? LOAD(bias + 16 * v) : (vector){0});    \
    const float *x = c->x + row * c->ldx;                                                                    \
    for (ptrdiff_t k = 0; k < c->k; k++, w += WIDTH) {                                                       \
      vector w0 = LOAD(w), w1 = LOAD(w + 16), w2 = LOAD(w + 32), w3 = LOAD(w + 48);                          \
      for (int r = 0; r < ROWS; r++) {                                                                       \
        float value = x[r * c->ldx + k];                                                                     \
        sum[r][0] += value * w0;                                                                             \
        sum[r][1] += value * w1;                                                                             \
        sum[r][2] += value * w2;                                                                             \
        sum[r][3] += value * w3;                                                                             \
      }                                                                                                      \
    }                                                                                                        \
    for (int r = 0; r < ROWS; r++)                                                                           \
      for (int v = 0; v < PARTS; v++) {                                                                      \
        vector value = sum[r][v];                                                                            \
        if (c->relu) value = CUT(value);                                                \
        STORE(y + r * ldy + 16 * v, value);                                                                  \
      }                                                                                                      \
  }

PACKED_TILE(1)
PACKED_TILE(2)
PACKED_TILE(4)
PACKED_TILE(6)

/// The only row: two sums for each result, since one alone would wait for its last addition.
KK_INLINE void packed_tile_only(
  const packed_call *c, const float *w, ptrdiff_t row, float *y, const float *bias, int accumulate) {
  vector even[PARTS], odd[PARTS];
  for (int v = 0; v < PARTS; v++) {
    even[v] = accumulate ? LOAD(y + 16 * v) : (bias ? LOAD(bias + 16 * v) : (vector){0});
    odd[v] = (vector){0};
  }
  const float *x = c->x + row * c->ldx;
  ptrdiff_t k = 0;
  for (; k + 2 <= c->k; k += 2, w += 2 * WIDTH)
    for (int v = 0; v < PARTS; v++) {
      even[v] += x[k] * LOAD(w + 16 * v);
      odd[v] += x[k + 1] * LOAD(w + WIDTH + 16 * v);
    }
  if (k < c->k)
    for (int v = 0; v < PARTS; v++) even[v] += x[k] * LOAD(w + 16 * v);
  for (int v = 0; v < PARTS; v++) {
    vector value = even[v] + odd[v];
    if (c->relu) value = CUT(value);
    STORE(y + 16 * v, value);
  }
}

KK_INLINE void packed_rows(
  const packed_call *c, const float *w, ptrdiff_t row, ptrdiff_t rows, float *y, ptrdiff_t ldy, const float *bias,
  int accumulate) {
  if (rows == 6) {
    packed_tile_6(c, w, row, y, ldy, bias, accumulate);
  } else if (rows == 4) {
    packed_tile_4(c, w, row, y, ldy, bias, accumulate);
  } else if (rows == 2) {
    packed_tile_2(c, w, row, y, ldy, bias, accumulate);
  } else if (c->rows == 1) {
    packed_tile_only(c, w, row, y, bias, accumulate);
  } else {
    // Summed as in the other tiles, so that a row's result does not depend on its place among several.
    packed_tile_1(c, w, row, y, ldy, bias, accumulate);
  }
}

KK_CLONES static void packed_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const packed_call *c = context;
  for (ptrdiff_t block = begin; block < end; block++) {
    const float *w = c->packed + block * c->k * WIDTH;
    ptrdiff_t column = block * WIDTH, width = c->n - column < WIDTH ? c->n - column : WIDTH;
    float padded_bias[WIDTH], padded[6 * WIDTH];
    const float *bias = c->bias ? c->bias + column : NULL;
    if (bias && width < WIDTH) {
      for (ptrdiff_t i = 0; i < WIDTH; i++) padded_bias[i] = i < width ? bias[i] : 0.0f;
      bias = padded_bias;
    }
    for (ptrdiff_t row = 0; row < c->rows;) {
      ptrdiff_t left = c->rows - row, rows = left >= 6 && left != 8 ? 6 : (left >= 4 ? 4 : (left >= 2 ? 2 : 1));
      float *y = c->y + row * c->ldy + column;
      if (width == WIDTH) {
        packed_rows(c, w, row, rows, y, c->ldy, bias, c->accumulate);
      } else {
        // The last block's results go through memory of full width.
        if (c->accumulate)
          for (ptrdiff_t r = 0; r < rows; r++)
            for (ptrdiff_t i = 0; i < WIDTH; i++) padded[r * WIDTH + i] = i < width ? y[r * c->ldy + i] : 0.0f;
        packed_rows(c, w, row, rows, padded, WIDTH, bias, c->accumulate);
        for (ptrdiff_t r = 0; r < rows; r++)
          for (ptrdiff_t i = 0; i < width; i++) y[r * c->ldy + i] = padded[r * WIDTH + i];
      }
      row += rows;
    }
  }
}

void kk_packed_product(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *packed, ptrdiff_t rows, ptrdiff_t k, ptrdiff_t n,
  int accumulate, const float *bias, int relu) {
  packed_call c = {y, ldy, x, ldx, packed, rows, k, n, accumulate, bias, relu};
  kk_parallel((n + WIDTH - 1) / WIDTH, PRODUCT_GRAIN / (rows * k * WIDTH + 1) + 1, packed_range, &c);
}
