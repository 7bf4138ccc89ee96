// Tiles of products in registers of LANES floats; NAME(x) makes the names of one register width.

typedef float NAME(vector) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t NAME(mask) __attribute__((vector_size(4 * LANES)));

// Macros, since a function returning so wide a vector has no fixed calling convention.
#define LOAD(P) (*(const NAME(vector) *)(P))
#define STORE(P, V) (*(NAME(vector) *)(P) = (V))
/// 0 where a value is negative, else the value (also if it is NaN).
#define CUT(V) ((NAME(vector))((NAME(mask))(V) & ~(NAME(mask))((V) < 0)))

/// ROWS × (VECTORS · LANES) results, from `row` and `column` on.
#define TILE(ROWS, VECTORS)                                                                                     \
  KK_INLINE void NAME(tile_##ROWS##_##VECTORS)(const kk_product_block *b, ptrdiff_t row, ptrdiff_t column) {    \
    NAME(vector) sum[ROWS][VECTORS];                                                                            \
    const float *x = b->x + row * b->ldx, *w = b->w + column, *bias = b->bias ? b->bias + column : NULL;        \
    float *y = b->y + row * b->ldy + column;                                                                    \
    for (int r = 0; r < ROWS; r++)                                                                              \
      for (int v = 0; v < VECTORS; v++)                                                                         \
        sum[r][v] = b->accumulate ? LOAD(y + r * b->ldy + LANES * v)                                            \
                                  : (bias ? LOAD(bias + LANES * v) : (NAME(vector)){0});                        \
    for (ptrdiff_t k = 0; k < b->k; k++, w += b->ldw) {                                                         \
      NAME(vector) factors[VECTORS];                                                                            \
      for (int v = 0; v < VECTORS; v++) factors[v] = LOAD(w + LANES * v);                                       \
      for (int r = 0; r < ROWS; r++)                                                                            \
        for (int v = 0; v < VECTORS; v++) sum[r][v] += x[r * b->ldx + k] * factors[v];                          \
    }                                                                                                           \
    for (int r = 0; r < ROWS; r++)                                                                              \
      for (int v = 0; v < VECTORS; v++) {                                                                       \
        NAME(vector) value = sum[r][v];                                                                         \
        if (b->relu) value = CUT(value);                                                                        \
        STORE(y + r * b->ldy + LANES * v, value);                                                               \
      }                                                                                                         \
  }
