// Tiles of products in registers of LANES floats; NAME(x) makes the names of one register width.

typedef float NAME(vector) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t NAME(mask) __attribute__((vector_size(4 * LANES)));

// Macros, since a function returning so wide a vector has no fixed calling convention.
#define LOAD(P) (*(const NAME(vector) *)(P))
#define STORE(P, V) (*(NAME(vector) *)(P) = (V))
/// A where the condition holds, else B.
#define PICK(CONDITION, A, B) ((NAME(vector))(((NAME(mask))(A) & (CONDITION)) | ((NAME(mask))(B) & ~(CONDITION))))

/// ROWS × (VECTORS · LANES) results, from `row` and `column` on.
#define TILE(ROWS, VECTORS)                                                                                     \
  KK_INLINE void NAME(tile_##ROWS##_##VECTORS)(const kk_product_block *b, ptrdiff_t row, ptrdiff_t column) {    \
    NAME(vector) sum[ROWS][VECTORS];                                                                            \
    const float *x = b->x + row * b->ldx, *w = b->w + column, *bias = b->bias ? b->bias + column : NULL;        \
    const float *addend = b->addend ? b->addend + row * b->ldy + column : NULL;                                 \
    float *y = b->y + row * b->ldy + column;                                                                    \
    for (int r = 0; r < ROWS; r++)                                                                              \
      for (int v = 0; v < VECTORS; v++) {                                                                       \
        sum[r][v] = b->accumulate ? LOAD(y + r * b->ldy + LANES * v)                                            \
                                  : (bias ? LOAD(bias + LANES * v) : (NAME(vector)){0});                        \
        if (addend) sum[r][v] += LOAD(addend + r * b->ldy + LANES * v);                                         \
      }                                                                                                         \
    for (ptrdiff_t k = 0; k < b->k; k++, w += b->ldw) {                                                         \
      NAME(vector) factors[VECTORS];                                                                            \
      for (int v = 0; v < VECTORS; v++) factors[v] = LOAD(w + LANES * v);                                       \
      for (int r = 0; r < ROWS; r++)                                                                            \
        for (int v = 0; v < VECTORS; v++) sum[r][v] += x[r * b->ldx + k] * factors[v];                          \
    }                                                                                                           \
    NAME(vector) most = (NAME(vector)){0} + b->most;                                                            \
    for (int r = 0; r < ROWS; r++)                                                                              \
      for (int v = 0; v < VECTORS; v++) {                                                                       \
        NAME(vector) value = sum[r][v];                                                                         \
        if (b->cuts) {                                                                                          \
          value = PICK(value < 0, (NAME(vector)){0}, value);                                                    \
          value = PICK(value > most, most, value);                                                              \
        }                                                                                                       \
        STORE(y + r * b->ldy + LANES * v, value);                                                               \
      }                                                                                                         \
  }
