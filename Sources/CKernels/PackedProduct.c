#include <string.h>

#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

// Columns of a block; the last is as many vectors wide as its columns need.
enum { LANES = 16, WIDTH = KK_PACK_WIDTH };

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

ptrdiff_t kk_packed_count(ptrdiff_t k, ptrdiff_t n) { return (n + LANES - 1) / LANES * LANES * k; }

/// Columns of the block from `column` on, with those that fill its last vector.
KK_INLINE ptrdiff_t padded_width(ptrdiff_t n, ptrdiff_t column) {
  ptrdiff_t left = (n - column + LANES - 1) / LANES * LANES;
  return left < WIDTH ? left : WIDTH;
}

typedef struct {
  float *packed;
  const float *w;
  ptrdiff_t ldw, k, n, first, rows;
} packing;

static void pack_blocks(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const packing *p = context;
  for (ptrdiff_t block = begin; block < end; block++) {
    ptrdiff_t column = block * WIDTH, width = p->n - column < WIDTH ? p->n - column : WIDTH;
    ptrdiff_t padded = padded_width(p->n, column);
    float *target = p->packed + column * p->k + p->first * padded;
    for (ptrdiff_t row = 0; row < p->rows; row++, target += padded) {
      memcpy(target, p->w + row * p->ldw + column, (size_t)width * sizeof(float));
      memset(target + width, 0, (size_t)(padded - width) * sizeof(float));
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

void kk_turn(float *turned, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t columns) {
  // In squares, so that neither side's lines leave the cache before they are used up.
  enum { SQUARE = 16 };
  for (ptrdiff_t i = 0; i < rows; i += SQUARE)
    for (ptrdiff_t j = 0; j < columns; j += SQUARE)
      for (ptrdiff_t r = i; r < i + SQUARE && r < rows; r++)
        for (ptrdiff_t c = j; c < j + SQUARE && c < columns; c++) turned[c * rows + r] = w[r * ldw + c];
}

void kk_pack(float *packed, const float *w, ptrdiff_t ldw, ptrdiff_t k, ptrdiff_t n) {
  kk_pack_rows(packed, w, ldw, k, n, 0, k);
}

/// ROWS × (VECTORS · LANES) results in registers, from `y` or the bias or zero to `y`.
#define PACKED_TILE(ROWS, VECTORS)                                                                            \
  KK_INLINE void packed_tile_##ROWS##_##VECTORS(                                                              \
    const packed_call *c, const float *w, ptrdiff_t row, float *y, ptrdiff_t ldy, const float *bias, int accumulate) { \
    vector sum[ROWS][VECTORS];                                                                                \
    for (int r = 0; r < ROWS; r++)                                                                            \
      for (int v = 0; v < VECTORS; v++)                                                                       \
        sum[r][v] = accumulate ? LOAD(y + r * ldy + LANES * v) : (bias ? LOAD(bias + LANES * v) : (vector){0}); \
    const float *x = c->x + row * c->ldx;                                                                     \
    for (ptrdiff_t k = 0; k < c->k; k++, w += VECTORS * LANES) {                                              \
      vector factors[VECTORS];                                                                                \
      for (int v = 0; v < VECTORS; v++) factors[v] = LOAD(w + LANES * v);                                     \
      for (int r = 0; r < ROWS; r++)                                                                          \
        for (int v = 0; v < VECTORS; v++) sum[r][v] += x[r * c->ldx + k] * factors[v];                        \
    }                                                                                                         \
    for (int r = 0; r < ROWS; r++)                                                                            \
      for (int v = 0; v < VECTORS; v++) {                                                                     \
        vector value = sum[r][v];                                                                             \
        if (c->relu) value = CUT(value);                                                                      \
        STORE(y + r * ldy + LANES * v, value);                                                                \
      }                                                                                                       \
  }

/// All rows of a block of VECTORS vectors, `MOST` rows at a time; each result is one sum in the order of k, so that a
/// row's result does not depend on its place among several.
#define PACKED_BLOCK(VECTORS, MOST)                                                                           \
  PACKED_TILE(1, VECTORS)                                                                                     \
  PACKED_TILE(2, VECTORS)                                                                                     \
  PACKED_TILE(4, VECTORS)                                                                                     \
  PACKED_TILE(MOST, VECTORS)                                                                                  \
  KK_INLINE ptrdiff_t packed_rows_##VECTORS(                                                                  \
    const packed_call *c, const float *w, ptrdiff_t row, float *y, ptrdiff_t ldy, const float *bias) {        \
    ptrdiff_t left = c->rows - row;                                                                           \
    if (left >= MOST && left != 8) {                                                                          \
      packed_tile_##MOST##_##VECTORS(c, w, row, y, ldy, bias, c->accumulate);                                 \
      return MOST;                                                                                            \
    }                                                                                                         \
    if (left >= 4) {                                                                                          \
      packed_tile_4_##VECTORS(c, w, row, y, ldy, bias, c->accumulate);                                        \
      return 4;                                                                                               \
    }                                                                                                         \
    if (left >= 2) {                                                                                          \
      packed_tile_2_##VECTORS(c, w, row, y, ldy, bias, c->accumulate);                                        \
      return 2;                                                                                               \
    }                                                                                                         \
    packed_tile_1_##VECTORS(c, w, row, y, ldy, bias, c->accumulate);                                          \
    return 1;                                                                                                 \
  }

PACKED_BLOCK(1, 16)
PACKED_BLOCK(2, 12)
PACKED_BLOCK(3, 6)
PACKED_BLOCK(4, 6)
enum { MOST_ROWS = 16 };

KK_INLINE ptrdiff_t packed_rows(
  const packed_call *c, const float *w, ptrdiff_t vectors, ptrdiff_t row, float *y, ptrdiff_t ldy, const float *bias) {
  switch (vectors) {
    case 1: return packed_rows_1(c, w, row, y, ldy, bias);
    case 2: return packed_rows_2(c, w, row, y, ldy, bias);
    case 3: return packed_rows_3(c, w, row, y, ldy, bias);
    default: return packed_rows_4(c, w, row, y, ldy, bias);
  }
}

KK_CLONES static void packed_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const packed_call *c = context;
  for (ptrdiff_t block = begin; block < end; block++) {
    ptrdiff_t column = block * WIDTH, width = c->n - column < WIDTH ? c->n - column : WIDTH;
    ptrdiff_t padded_columns = padded_width(c->n, column);
    const float *w = c->packed + column * c->k;
    float padded_bias[WIDTH], padded[MOST_ROWS * WIDTH];
    const float *bias = c->bias ? c->bias + column : NULL;
    if (bias && width < padded_columns) {
      for (ptrdiff_t i = 0; i < WIDTH; i++) padded_bias[i] = i < width ? bias[i] : 0.0f;
      bias = padded_bias;
    }
    for (ptrdiff_t row = 0; row < c->rows;) {
      float *y = c->y + row * c->ldy + column;
      if (width == padded_columns) {
        row += packed_rows(c, w, padded_columns / LANES, row, y, c->ldy, bias);
        continue;
      }
      // The last block's results go through memory of whole vectors.
      if (c->accumulate) {
        ptrdiff_t most = c->rows - row < MOST_ROWS ? c->rows - row : MOST_ROWS;
        for (ptrdiff_t r = 0; r < most; r++)
          for (ptrdiff_t i = 0; i < WIDTH; i++) padded[r * WIDTH + i] = i < width ? y[r * c->ldy + i] : 0.0f;
      }
      ptrdiff_t rows = packed_rows(c, w, padded_columns / LANES, row, padded, WIDTH, bias);
      for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < width; i++) y[r * c->ldy + i] = padded[r * WIDTH + i];
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
