#pragma once
#include <stddef.h>

/// y(rows, columns) = [y +] x(rows, k) · w(k, columns); leading dimensions in elements.
///
/// If there is nothing to accumulate to, sums start from `bias` (columns) and `addend` (as y), which may be NULL. `cuts`
/// brings results between 0 and `most`, INFINITY for no limit. Each result is one sum in the order of k, so that it does
/// not depend on a row's place among several.
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

/// At most 64 columns, whose sums are made in registers; w can be read up to a multiple of 16.
void kk_multiply_block(const kk_product_block *block);
/// The same for as many blocks with the same w, whose x and y lie so many elements apart.
void kk_multiply_blocks(const kk_product_block *block, ptrdiff_t count, ptrdiff_t step_x, ptrdiff_t step_y);
