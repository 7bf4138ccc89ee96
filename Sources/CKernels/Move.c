#include <string.h>

#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"

typedef struct {
  int32_t rank;
  const ptrdiff_t *dimensions, *y_strides, *x_strides;
  float *y;
  const float *x;
} copy_call;

/// The two innermost axes of a copy, in tiles so that a transposition reads and writes whole cache lines.
KK_INLINE void copy_plane(
  float *y, const float *x, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t yr, ptrdiff_t yc, ptrdiff_t xr, ptrdiff_t xc) {
  if (yc == 1 && xc == 1) {
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t c = 0; c < columns; c++) y[r * yr + c] = x[r * xr + c];
    return;
  }
  if (yc == 1 && xc == 0) {
    for (ptrdiff_t r = 0; r < rows; r++) {
      float value = x[r * xr];
      for (ptrdiff_t c = 0; c < columns; c++) y[r * yr + c] = value;
    }
    return;
  }
  for (ptrdiff_t r0 = 0; r0 < rows; r0 += 16)
    for (ptrdiff_t c0 = 0; c0 < columns; c0 += 16) {
      ptrdiff_t r1 = r0 + 16 < rows ? r0 + 16 : rows, c1 = c0 + 16 < columns ? c0 + 16 : columns;
      for (ptrdiff_t r = r0; r < r1; r++)
        for (ptrdiff_t c = c0; c < c1; c++) y[r * yr + c * yc] = x[r * xr + c * xc];
    }
}

KK_CLONES static void copy_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const copy_call *call = context;
  int rank = call->rank;
  ptrdiff_t index[KK_MAX_RANK];
  const ptrdiff_t *d = call->dimensions, *ys = call->y_strides, *xs = call->x_strides;
  // Items are all axes but the innermost two, then the second innermost.
  if (rank < 2) {
    copy_plane(
      call->y + begin * ys[0], call->x + begin * xs[0], 1, end - begin, 0, ys[0], 0, xs[0]);
    return;
  }
  ptrdiff_t rows = d[rank - 2];
  for (ptrdiff_t item = begin; item < end;) {
    ptrdiff_t row = item % rows, rest = item / rows;
    ptrdiff_t count = rows - row < end - item ? rows - row : end - item;
    float *y = call->y + row * ys[rank - 2];
    const float *x = call->x + row * xs[rank - 2];
    for (int a = rank - 3; a >= 0; a--) {
      index[a] = rest % d[a];
      rest /= d[a];
      y += index[a] * ys[a];
      x += index[a] * xs[a];
    }
    copy_plane(y, x, count, d[rank - 1], ys[rank - 2], ys[rank - 1], xs[rank - 2], xs[rank - 1]);
    item += count;
  }
}

void kk_copy(
  int32_t rank, const ptrdiff_t *dimensions, float *y, const ptrdiff_t *y_strides, const float *x,
  const ptrdiff_t *x_strides) {
  if (rank == 0) {
    *y = *x;
    return;
  }
  copy_call call = {rank, dimensions, y_strides, x_strides, y, x};
  ptrdiff_t items = rank == 1 ? dimensions[0] : 1;
  for (int a = 0; a < rank - 1; a++) items *= dimensions[a];
  ptrdiff_t width = rank == 1 ? 1 : dimensions[rank - 1];
  kk_parallel(items, 65536 / (width + 1) + 16, copy_range, &call);
}

KK_CLONES void kk_fill(float *y, float value, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] = value;
}

ptrdiff_t kk_gather_rows(
  float *y, const float *table, const int32_t *indices, ptrdiff_t count, ptrdiff_t width, ptrdiff_t rows) {
  for (ptrdiff_t i = 0; i < count; i++) {
    if (indices[i] < 0 || indices[i] >= rows) return i;
    memcpy(y + i * width, table + indices[i] * width, (size_t)width * sizeof(float));
  }
  return -1;
}

KK_CLONES ptrdiff_t kk_scatter_add_rows(
  float *table, const float *x, const int32_t *indices, ptrdiff_t count, ptrdiff_t width, ptrdiff_t rows) {
  for (ptrdiff_t i = 0; i < count; i++) {
    if (indices[i] < 0 || indices[i] >= rows) return i;
    float *row = table + indices[i] * width;
    for (ptrdiff_t k = 0; k < width; k++) row[k] += x[i * width + k];
  }
  return -1;
}
