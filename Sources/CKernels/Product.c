#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"
#include "ProductBlock.h"

// Multiplications from which on a thread is worth waking: some tens of microseconds.
#define PRODUCT_GRAIN 1000000

/// Sixteen floats, whatever the widest register is: the compiler splits them.
typedef float vector __attribute__((vector_size(64), aligned(4)));

// A macro, since a function returning so wide a vector has no fixed calling convention.
#define load(P) (*(const vector *)(P))

KK_CLONES static void last_columns(const kk_product_block *c, ptrdiff_t column, ptrdiff_t width) {
  for (ptrdiff_t row = 0; row < c->rows; row++) {
    float sum[64];
    float *y = c->y + row * c->ldy + column;
    for (ptrdiff_t i = 0; i < width; i++) sum[i] = c->accumulate ? y[i] : 0.0f;
    for (ptrdiff_t k = 0; k < c->k; k++) {
      float x = c->x[row * c->ldx + k];
      const float *w = c->w + k * c->ldw + column;
      for (ptrdiff_t i = 0; i < width; i++) sum[i] += x * w[i];
    }
    for (ptrdiff_t i = 0; i < width; i++) y[i] = sum[i];
  }
}

static void product_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const kk_product_block *whole = context;
  ptrdiff_t column = begin;
  while (column + 16 <= end) {
    kk_product_block block = *whole;
    block.columns = end - column < 64 ? (end - column) / 16 * 16 : 64;
    block.y += column;
    block.w += column;
    kk_multiply_block(&block);
    column += block.columns;
  }
  // Behind the last row of w there may be no memory to read.
  if (column < end) last_columns(whole, column, end - column);
}

void kk_small_product(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t k,
  ptrdiff_t n, int accumulate) {
  kk_product_block whole = {
    .y = y, .ldy = ldy, .x = x, .ldx = ldx, .w = w, .ldw = ldw, .rows = rows, .k = k, .columns = n,
    .accumulate = accumulate};
  kk_parallel_units(n, 64, PRODUCT_GRAIN / (rows * k + 1) + 1, product_range, &whole);
}

KK_CLONES static void transposed_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  // Here w is (k, columns) and is multiplied by its transpose.
  const kk_product_block *c = context;
  for (ptrdiff_t row = 0; row < c->rows; row++) {
    const float *x = c->x + row * c->ldx;
    for (ptrdiff_t k = begin; k < end; k++) {
      const float *w = c->w + k * c->ldw;
      vector sums[2] = {{0}, {0}};
      ptrdiff_t i = 0;
      for (; i + 32 <= c->columns; i += 32) {
        sums[0] += load(x + i) * load(w + i);
        sums[1] += load(x + i + 16) * load(w + i + 16);
      }
      vector both = sums[0] + sums[1];
      float total = 0.0f;
      for (int l = 0; l < 16; l++) total += both[l];
      for (; i < c->columns; i++) total += x[i] * w[i];
      float *y = c->y + row * c->ldy + k;
      *y = c->accumulate ? *y + total : total;
    }
  }
}

void kk_small_product_transposed(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t k,
  ptrdiff_t n, int accumulate) {
  kk_product_block c = {
    .y = y, .ldy = ldy, .x = x, .ldx = ldx, .w = w, .ldw = ldw, .rows = rows, .k = k, .columns = n,
    .accumulate = accumulate};
  kk_parallel(k, PRODUCT_GRAIN / (rows * n + 1) + 1, transposed_range, &c);
}
