#pragma once
#include <stddef.h>

/// y(rows, columns) = [y +] x(rows, k) · w(k, columns), for a block of columns whose sums are made in registers.
///
/// `columns` is a multiple of 16, at most 64; leading dimensions in elements. `bias` (columns) or NULL starts the sums if
/// there is nothing to accumulate to, and `relu` cuts them off at 0. Each result is one sum in the order of k, so that
/// it does not depend on a row's place among several.
typedef struct {
  float *y;
  ptrdiff_t ldy;
  const float *x;
  ptrdiff_t ldx;
  const float *w;
  ptrdiff_t ldw, rows, k, columns;
  const float *bias;
  int accumulate, relu;
} kk_product_block;

void kk_multiply_block(const kk_product_block *block);
