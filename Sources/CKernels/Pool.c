#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

typedef struct {
  const kk_pooling *p;
  float *y;
  const float *x, *dy;
} pool_call;

/// The part of a window that lies in the input.
typedef struct {
  ptrdiff_t begin[3], end[3];
} window_range;

KK_INLINE window_range clipped_window(const kk_pooling *p, const ptrdiff_t at[3]) {
  window_range r;
  for (int a = 0; a < 3; a++) {
    ptrdiff_t begin = at[a] * p->stride[a] - p->before[a], end = begin + p->window[a];
    r.begin[a] = begin < 0 ? 0 : begin;
    r.end[a] = end > p->in[a] ? p->in[a] : end;
    if (r.end[a] < r.begin[a]) r.end[a] = r.begin[a];
  }
  return r;
}

KK_INLINE ptrdiff_t window_size(const window_range *r) {
  return (r->end[0] - r->begin[0]) * (r->end[1] - r->begin[1]) * (r->end[2] - r->begin[2]);
}

KK_INLINE float average_scale(const kk_pooling *p, const window_range *r) {
  ptrdiff_t size = p->counts_padding ? p->window[0] * p->window[1] * p->window[2] : window_size(r);
  return size > 0 ? 1.0f / (float)size : 0.0f;
}

KK_CLONES static void pool_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const pool_call *call = context;
  const kk_pooling *p = call->p;
  ptrdiff_t channels = p->channels;
  for (ptrdiff_t item = begin; item < end; item++) {
    ptrdiff_t at[3], rest = item;
    at[1] = rest % p->out[1];
    rest /= p->out[1];
    at[0] = rest % p->out[0];
    ptrdiff_t batch = rest / p->out[0];
    const float *image = call->x + batch * p->in[0] * p->in[1] * p->in[2] * channels;
    for (at[2] = 0; at[2] < p->out[2]; at[2]++) {
      float *y = call->y + (item * p->out[2] + at[2]) * channels;
      window_range r = clipped_window(p, at);
      if (window_size(&r) == 0) {
        for (ptrdiff_t c = 0; c < channels; c++) y[c] = p->maximum ? -INFINITY : 0.0f;
        continue;
      }
      int first = 1;
      for (ptrdiff_t i = r.begin[0]; i < r.end[0]; i++)
        for (ptrdiff_t j = r.begin[1]; j < r.end[1]; j++)
          for (ptrdiff_t k = r.begin[2]; k < r.end[2]; k++) {
            const float *x = image + ((i * p->in[1] + j) * p->in[2] + k) * channels;
            if (first) {
              for (ptrdiff_t c = 0; c < channels; c++) y[c] = x[c];
            } else if (p->maximum) {
              for (ptrdiff_t c = 0; c < channels; c++) y[c] = x[c] > y[c] || x[c] != x[c] ? x[c] : y[c];
            } else {
              for (ptrdiff_t c = 0; c < channels; c++) y[c] += x[c];
            }
            first = 0;
          }
      if (!p->maximum) {
        float scale = average_scale(p, &r);
        for (ptrdiff_t c = 0; c < channels; c++) y[c] *= scale;
      }
    }
  }
}

void kk_pool(const kk_pooling *p, float *y, const float *x) {
  pool_call call = {p, y, x, NULL};
  ptrdiff_t work = p->out[2] * p->channels * p->window[0] * p->window[1] * p->window[2];
  kk_parallel(p->batch * p->out[0] * p->out[1], 32768 / (work + 1) + 1, pool_range, &call);
}

#define TILE 64

/// One image at a time: windows overlap within an image only.
KK_CLONES static void pool_gradient_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const pool_call *call = context;
  const kk_pooling *p = call->p;
  ptrdiff_t channels = p->channels, pixels = p->in[0] * p->in[1] * p->in[2];
  for (ptrdiff_t batch = begin; batch < end; batch++) {
    float *dx = call->y + batch * pixels * channels;
    const float *image = call->x + batch * pixels * channels;
    const float *dy = call->dy + batch * p->out[0] * p->out[1] * p->out[2] * channels;
    for (ptrdiff_t i = 0; i < pixels * channels; i++) dx[i] = 0.0f;
    ptrdiff_t at[3];
    for (at[0] = 0; at[0] < p->out[0]; at[0]++)
      for (at[1] = 0; at[1] < p->out[1]; at[1]++)
        for (at[2] = 0; at[2] < p->out[2]; at[2]++, dy += channels) {
          window_range r = clipped_window(p, at);
          if (window_size(&r) == 0) continue;
          if (!p->maximum) {
            float scale = average_scale(p, &r);
            for (ptrdiff_t i = r.begin[0]; i < r.end[0]; i++)
              for (ptrdiff_t j = r.begin[1]; j < r.end[1]; j++)
                for (ptrdiff_t k = r.begin[2]; k < r.end[2]; k++) {
                  float *d = dx + ((i * p->in[1] + j) * p->in[2] + k) * channels;
                  for (ptrdiff_t c = 0; c < channels; c++) d[c] += scale * dy[c];
                }
            continue;
          }
          for (ptrdiff_t c0 = 0; c0 < channels; c0 += TILE) {
            ptrdiff_t width = channels - c0 < TILE ? channels - c0 : TILE;
            float best[TILE];
            int32_t where[TILE];
            for (ptrdiff_t c = 0; c < width; c++) best[c] = -INFINITY, where[c] = -1;
            for (ptrdiff_t i = r.begin[0]; i < r.end[0]; i++)
              for (ptrdiff_t j = r.begin[1]; j < r.end[1]; j++)
                for (ptrdiff_t k = r.begin[2]; k < r.end[2]; k++) {
                  int32_t pixel = (int32_t)((i * p->in[1] + j) * p->in[2] + k);
                  const float *x = image + pixel * channels + c0;
                  for (ptrdiff_t c = 0; c < width; c++) {
                    int better = x[c] > best[c] || where[c] < 0;
                    best[c] = better ? x[c] : best[c];
                    where[c] = better ? pixel : where[c];
                  }
                }
            for (ptrdiff_t c = 0; c < width; c++) dx[where[c] * channels + c0 + c] += dy[c0 + c];
          }
        }
  }
}

void kk_pool_gradient(const kk_pooling *p, float *dx, const float *x, const float *dy) {
  pool_call call = {p, dx, x, dy};
  ptrdiff_t work = p->in[0] * p->in[1] * p->in[2] * p->channels;
  kk_parallel(p->batch, 32768 / (work + 1) + 1, pool_gradient_range, &call);
}
