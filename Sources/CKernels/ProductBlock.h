#pragma once
#include <stddef.h>

/// y(rows, columns) = [y +] x(rows, k) · w(k, columns), for a block of columns whose sums are made in registers.
///
/// `columns` is a multiple of 16, at most 64; of 8 where registers hold so many floats or fewer. Leading dimensions are in
/// elements. If there is nothing to accumulate to, sums start from `bias` (columns) and `addend` (as y), which may be
/// NULL. `cuts` brings results between 0 and `most`, INFINITY for no limit. Each result is one sum in the order of k, so
/// that it does not depend on a row's place among several.
typedef struct {
  float *y;
  ptrdiff_t ldy;
  const float *x;
  ptrdiff_t ldx;
  const float *w;
  ptrdiff_t ldw, rows, k, columns;
  const float *bias, *addend;
  int accumulate, cuts;
  float most;
} kk_product_block;

void kk_multiply_block(const kk_product_block *block);
