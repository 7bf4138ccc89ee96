#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"
#include "ProductBlock.h"

// Columns of a block; the last is as many times 16 wide as its columns need.
enum { LANES = 16, WIDTH = KK_PACK_WIDTH };

// Multiplications from which on a waiting thread is worth handing work to: a few microseconds.
#define PRODUCT_GRAIN 131072

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

/// Blocks of the columns of a product whose w is packed.
static void packed_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const kk_product_block *whole = context;
  for (ptrdiff_t number = begin; number < end; number++) {
    ptrdiff_t column = number * WIDTH, left = whole->columns - column;
    kk_product_block block = *whole;
    block.y += column;
    block.w += column * whole->k;
    block.ldw = padded_width(whole->columns, column);
    block.columns = left < WIDTH ? left : WIDTH;
    if (block.bias) block.bias += column;
    kk_multiply_block(&block);
  }
}

void kk_packed_product(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *packed, ptrdiff_t rows, ptrdiff_t k, ptrdiff_t n,
  int accumulate, const float *bias, int relu) {
  kk_product_block whole = {
    .y = y, .ldy = ldy, .x = x, .ldx = ldx, .w = packed, .rows = rows, .k = k, .columns = n, .bias = bias,
    .accumulate = accumulate, .cuts = relu, .most = INFINITY};
  kk_parallel((n + WIDTH - 1) / WIDTH, PRODUCT_GRAIN / (rows * k * WIDTH + 1) + 1, packed_range, &whole);
}
