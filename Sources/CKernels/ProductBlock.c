#include "ProductBlock.h"

#include <stdint.h>

#include "Clones.h"

// As many sums as registers hold beside the factors: 32 registers of 512 bits, 16 of 256, or 16 or 32 of 128.

// MARK: - 32 registers of 16 floats

#if defined(__x86_64__)

#define NAME(X) X##_of_16
#define LANES 16
#include "ProductTiles.h"

/// All rows of a block of VECTORS vectors, MOST at a time.
#define ROWS_OF(VECTORS, MOST)                                                         \
  TILE(1, VECTORS)                                                                     \
  TILE(2, VECTORS)                                                                     \
  TILE(4, VECTORS)                                                                     \
  TILE(MOST, VECTORS)                                                                  \
  KK_INLINE void NAME(rows_##VECTORS)(const kk_product_block *b) {                     \
    for (ptrdiff_t row = 0, rows; row < b->rows; row += rows) {                        \
      ptrdiff_t left = b->rows - row;                                                  \
      rows = left >= MOST && left != 8 ? MOST : (left >= 4 ? 4 : (left >= 2 ? 2 : 1)); \
      if (rows == MOST) NAME(tile_##MOST##_##VECTORS)(b, row, 0);                      \
      else if (rows == 4) NAME(tile_4_##VECTORS)(b, row, 0);                           \
      else if (rows == 2) NAME(tile_2_##VECTORS)(b, row, 0);                           \
      else NAME(tile_1_##VECTORS)(b, row, 0);                                          \
    }                                                                                  \
  }

ROWS_OF(1, 16)
ROWS_OF(2, 12)
ROWS_OF(3, 6)
ROWS_OF(4, 6)

KK_INLINE void whole_width(const kk_product_block *b) {
  switch (b->columns / 16) {
    case 1: return rows_1_of_16(b);
    case 2: return rows_2_of_16(b);
    case 3: return rows_3_of_16(b);
    default: return rows_4_of_16(b);
  }
}

#undef ROWS_OF
#include "ProductTilesEnd.h"

#endif

// MARK: - Narrower ones: columns in groups of two or three registers (and one), four rows at a time

#define ROWS_OF(VECTORS)                                                          \
  TILE(1, VECTORS)                                                                \
  TILE(2, VECTORS)                                                                \
  TILE(3, VECTORS)                                                                \
  TILE(4, VECTORS)                                                                \
  KK_INLINE void NAME(rows_##VECTORS)(const kk_product_block *b, ptrdiff_t column) { \
    for (ptrdiff_t row = 0, rows; row < b->rows; row += rows) {                   \
      ptrdiff_t left = b->rows - row;                                             \
      rows = left == 5 ? 3 : (left < 4 ? left : 4);                               \
      if (rows == 4) NAME(tile_4_##VECTORS)(b, row, column);                      \
      else if (rows == 3) NAME(tile_3_##VECTORS)(b, row, column);                 \
      else if (rows == 2) NAME(tile_2_##VECTORS)(b, row, column);                 \
      else NAME(tile_1_##VECTORS)(b, row, column);                                \
    }                                                                             \
  }

/// One or two rows need more registers side by side: as many sums as hide the latency of one.
#define GROUPS                                                                    \
  ROWS_OF(1)                                                                      \
  ROWS_OF(2)                                                                      \
  ROWS_OF(3)                                                                      \
  TILE(1, 4)                                                                      \
  TILE(2, 4)                                                                      \
  TILE(1, 8)                                                                      \
  KK_INLINE void NAME(groups)(const kk_product_block *b) {                        \
    ptrdiff_t column = 0;                                                         \
    if (b->rows == 1)                                                             \
      for (; column + 8 * LANES <= b->columns; column += 8 * LANES) NAME(tile_1_8)(b, 0, column); \
    if (b->rows <= 2)                                                             \
      for (; column + 4 * LANES <= b->columns; column += 4 * LANES) {             \
        if (b->rows == 1) NAME(tile_1_4)(b, 0, column);                           \
        else NAME(tile_2_4)(b, 0, column);                                        \
      }                                                                           \
    while (column < b->columns) {                                                 \
      ptrdiff_t left = (b->columns - column) / LANES;                             \
      if (left == 1) {                                                            \
        NAME(rows_1)(b, column);                                                  \
        column += LANES;                                                          \
      } else if (left == 2 || left == 4) {                                        \
        NAME(rows_2)(b, column);                                                  \
        column += 2 * LANES;                                                      \
      } else {                                                                    \
        NAME(rows_3)(b, column);                                                  \
        column += 3 * LANES;                                                      \
      }                                                                           \
    }                                                                             \
  }

#if defined(__x86_64__)
#define NAME(X) X##_of_8
#define LANES 8
#include "ProductTiles.h"
GROUPS
#include "ProductTilesEnd.h"
#endif

#define NAME(X) X##_of_4
#define LANES 4
#include "ProductTiles.h"
GROUPS
#include "ProductTilesEnd.h"

// MARK: - The processor's

#if defined(__x86_64__)
KK_512_BITS static void in_512_bits(const kk_product_block *b) { whole_width(b); }
KK_256_BITS static void in_256_bits(const kk_product_block *b) { groups_of_8(b); }
#endif

/// Whole vectors.
static void multiply_vectors(const kk_product_block *b, int lanes) {
  switch (lanes) {
#if defined(__x86_64__)
    case 16: return in_512_bits(b);
    case 8: return in_256_bits(b);
#endif
    default: return groups_of_4(b);
  }
}

/// The columns that fill no vector, in memory for whole ones.
static void multiply_rest(const kk_product_block *b, int lanes) {
  enum { ROWS = 16 };
  float sums[ROWS * 16];
  for (ptrdiff_t row = 0, rows; row < b->rows; row += rows) {
    rows = b->rows - row < ROWS ? b->rows - row : ROWS;
    float *y = b->y + row * b->ldy;
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t i = 0; i < lanes; i++) {
        float start = 0;
        if (i < b->columns) {
          start = b->accumulate ? y[r * b->ldy + i] : (b->bias ? b->bias[i] : 0);
          if (b->addend) start += b->addend[(row + r) * b->ldy + i];
        }
        sums[r * lanes + i] = start;
      }
    kk_product_block whole = {
      .y = sums, .ldy = lanes, .x = b->x + row * b->ldx, .ldx = b->ldx, .w = b->w, .ldw = b->ldw, .rows = rows,
      .k = b->k, .columns = lanes, .accumulate = 1, .cuts = b->cuts, .most = b->most};
    multiply_vectors(&whole, lanes);
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t i = 0; i < b->columns; i++) y[r * b->ldy + i] = sums[r * lanes + i];
  }
}

/// With few registers each row tile reads w for few sums: some of k at a time, so that it is still in the first-level
/// cache for the next groups of columns and the next blocks.
static ptrdiff_t part_of(const kk_product_block *b, ptrdiff_t left, ptrdiff_t count, int lanes) {
  enum { PART = 128 };
  return lanes == 16 || b->rows * count <= 2 || left < 2 * PART ? left : PART;
}

void kk_multiply_blocks(const kk_product_block *b, ptrdiff_t count, ptrdiff_t step_x, ptrdiff_t step_y) {
  int lanes = kk_register_floats();
  ptrdiff_t whole = b->columns / lanes * lanes;
  ptrdiff_t k = 0;
  // Once at least: without products the results are what sums start from.
  do {
    ptrdiff_t some = part_of(b, b->k - k, count, lanes);
    for (ptrdiff_t i = 0; i < count; i++) {
      kk_product_block part = *b;
      part.x += i * step_x + k;
      part.y += i * step_y;
      part.w += k * b->ldw;
      part.k = some;
      if (part.addend) part.addend = k == 0 ? part.addend + i * step_y : NULL;
      part.accumulate = b->accumulate || k > 0;
      part.cuts = b->cuts && k + some == b->k;
      part.columns = whole;
      if (whole > 0) multiply_vectors(&part, lanes);
      if (whole == b->columns) continue;
      part.columns = b->columns - whole;
      part.y += whole;
      part.w += whole;
      if (part.bias) part.bias += whole;
      if (part.addend) part.addend += whole;
      multiply_rest(&part, lanes);
    }
    k += some;
  } while (k < b->k);
}

void kk_multiply_block(const kk_product_block *b) { kk_multiply_blocks(b, 1, 0, 0); }
