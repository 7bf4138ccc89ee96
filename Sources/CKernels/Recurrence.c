#include "CKernels.h"
#include "VectorMath.h"

// Rows are short (a layer's units), so each step is done row by row with everything in the first-level cache.

KK_INLINE void apply_softmax(float *y, const float *z, ptrdiff_t n) {
  float largest = z[0], total = 0.0f;
  for (ptrdiff_t i = 1; i < n; i++) largest = z[i] > largest ? z[i] : largest;
  for (ptrdiff_t i = 0; i < n; i++) y[i] = kk_exp(z[i] - largest);
  for (ptrdiff_t i = 0; i < n; i++) total += y[i];
  for (ptrdiff_t i = 0; i < n; i++) y[i] /= total;
}

KK_INLINE void apply(const kk_activation *f, float *y, const float *z, ptrdiff_t n) {
  if (f->softmax) {
    apply_softmax(y, z, n);
    return;
  }
  switch (f->opcode) {
    case KK_SIGMOID:
      for (ptrdiff_t i = 0; i < n; i++) y[i] = kk_sigmoid(z[i]);
      return;
    case KK_TANH:
      for (ptrdiff_t i = 0; i < n; i++) y[i] = kk_tanh(z[i]);
      return;
    case KK_HARD_SIGMOID:
      for (ptrdiff_t i = 0; i < n; i++) {
        float v = f->p * z[i] + f->q;
        y[i] = v < 0.0f ? 0.0f : (v > 1.0f ? 1.0f : v);
      }
      return;
    case KK_COPY:
      for (ptrdiff_t i = 0; i < n; i++) y[i] = z[i];
      return;
    case KK_RELU:
      for (ptrdiff_t i = 0; i < n; i++) y[i] = z[i] < 0.0f ? 0.0f : z[i];
      return;
    default: kk_unary(f->opcode, f->p, f->q, y, z, n); return;
  }
}

/// The derivative of a unary function at z, where its value is y.
KK_INLINE float derivative(kk_opcode opcode, float p, float q, float z, float y) {
  switch (opcode) {
    case KK_COPY: return 1.0f;
    case KK_NEGATE: return -1.0f;
    case KK_ABSOLUTE: return z > 0.0f ? 1.0f : (z < 0.0f ? -1.0f : 0.0f);
    case KK_EXP: return y;
    case KK_EXPM1: return y + 1.0f;
    case KK_LOG: return 1.0f / z;
    case KK_LOG1P: return 1.0f / (1.0f + z);
    case KK_SQRT: return 0.5f / y;
    case KK_RSQRT: return -0.5f * y * y * y;
    case KK_RECIPROCAL: return -y * y;
    case KK_SQUARE: return 2.0f * z;
    case KK_SIN: return cosf(z);
    case KK_COS: return -sinf(z);
    case KK_TANH: return 1.0f - y * y;
    case KK_SIGMOID: return y * (1.0f - y);
    case KK_ERF: return 1.12837916709551257f * kk_exp(-z * z);
    case KK_RELU: return z > 0.0f ? 1.0f : 0.0f;
    case KK_SOFTPLUS: return kk_sigmoid(z);
    case KK_ELU: return z > 0.0f ? 1.0f : y + p;
    case KK_LEAKY_RELU: return z > 0.0f ? 1.0f : p;
    case KK_CLIP: return z >= p && z <= q ? 1.0f : 0.0f;
    case KK_HARD_SIGMOID: {
      float v = p * z + q;
      return v >= 0.0f && v <= 1.0f ? p : 0.0f;
    }
    case KK_GELU:
      return 0.5f * (1.0f + kk_erf(z * 0.70710678118654752f)) + z * 0.39894228040143268f * kk_exp(-0.5f * z * z);
    case KK_GELU_TANH: {
      float t = kk_tanh(0.79788456080286536f * (z + 0.044715f * z * z * z));
      float inner = 0.79788456080286536f * (1.0f + 0.134145f * z * z);
      return 0.5f * (1.0f + t) + 0.5f * z * (1.0f - t * t) * inner;
    }
    case KK_SILU: {
      float s = kk_sigmoid(z);
      return s + y * (1.0f - s);
    }
    // Steps (sign, floor …) have none.
    default: return 0.0f;
  }
}

/// dz = dy · f′(z), given y = f(z); dz may be dy.
KK_INLINE void apply_gradient(
  const kk_activation *f, float *dz, const float *dy, const float *z, const float *y, ptrdiff_t n) {
  if (f->softmax) {
    float dot = 0.0f;
    for (ptrdiff_t i = 0; i < n; i++) dot += dy[i] * y[i];
    for (ptrdiff_t i = 0; i < n; i++) dz[i] = y[i] * (dy[i] - dot);
    return;
  }
  switch (f->opcode) {
    case KK_SIGMOID:
      for (ptrdiff_t i = 0; i < n; i++) dz[i] = dy[i] * y[i] * (1.0f - y[i]);
      return;
    case KK_TANH:
      for (ptrdiff_t i = 0; i < n; i++) dz[i] = dy[i] * (1.0f - y[i] * y[i]);
      return;
    default:
      for (ptrdiff_t i = 0; i < n; i++) dz[i] = dy[i] * derivative(f->opcode, f->p, f->q, z[i], y[i]);
      return;
  }
}

/// One batch row of a step.
typedef struct {
  float *z, *candidate, *h_next, *c_next, *output;
  const float *h, *c, *previous_output;
  int unmasked;
} row;

KK_INLINE row row_of(const kk_cell_step *s, ptrdiff_t b) {
  row r;
  r.z = s->gates + b * s->gates_stride;
  r.candidate = s->candidate ? s->candidate + b * s->candidate_stride : 0;
  r.h = s->h_previous + b * s->state_stride;
  r.c = s->c_previous ? s->c_previous + b * s->state_stride : 0;
  r.h_next = s->h_next + b * s->next_stride;
  r.c_next = s->c_next ? s->c_next + b * s->next_stride : 0;
  r.output = s->output ? s->output + b * s->output_stride : 0;
  r.previous_output = s->previous_output ? s->previous_output + b * s->output_stride : 0;
  r.unmasked = !s->mask || s->mask[b * s->mask_stride] != 0.0f;
  return r;
}

/// The states stay, and the output is the previous one or zero.
KK_INLINE void keep(const kk_cell_step *s, const row *r) {
  for (ptrdiff_t i = 0; i < s->units; i++) r->h_next[i] = r->h[i];
  if (r->c)
    for (ptrdiff_t i = 0; i < s->units; i++) r->c_next[i] = r->c[i];
  int repeats = r->previous_output && !s->zero_output_for_mask;
  for (ptrdiff_t i = 0; i < s->units; i++) r->output[i] = repeats ? r->previous_output[i] : 0.0f;
}

KK_CLONES void kk_simple_step(const kk_cell_step *s) {
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row r = row_of(s, b);
    if (!r.unmasked) {
      keep(s, &r);
      continue;
    }
    apply(&s->activation, r.output, r.z, s->units);
    for (ptrdiff_t i = 0; i < s->units; i++) r.h_next[i] = r.output[i];
  }
}

/// Whether the activations are those of Keras' LSTM.
KK_INLINE int is_usual(const kk_cell_step *s) {
  return s->activation.opcode == KK_TANH && s->recurrent_activation.opcode == KK_SIGMOID && !s->activation.softmax &&
         !s->recurrent_activation.softmax;
}

/// A row of Keras' own activations in one loop; h_next and c_next may be h and c.
KK_INLINE void lstm_row(const row *r, ptrdiff_t n) {
  const float *zi = r->z, *zf = zi + n, *zc = zf + n, *zo = zc + n, *c = r->c;
  float *c_next = r->c_next, *h_next = r->h_next, *output = r->output;
#pragma clang loop vectorize(assume_safety)
  for (ptrdiff_t i = 0; i < n; i++) {
    float next = kk_sigmoid(zf[i]) * c[i] + kk_sigmoid(zi[i]) * kk_tanh(zc[i]);
    float h = kk_sigmoid(zo[i]) * kk_tanh(next);
    c_next[i] = next;
    h_next[i] = h;
    output[i] = h;
  }
}

KK_CLONES void kk_lstm_step(const kk_cell_step *s) {
  ptrdiff_t n = s->units;
  int usual = is_usual(s);
  float *gi = s->scratch, *gf = gi + n, *gc = gf + n, *go = gc + n, *tc = go + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row r = row_of(s, b);
    if (!r.unmasked) {
      keep(s, &r);
      continue;
    }
    if (usual) {
      lstm_row(&r, n);
      continue;
    }
    apply(&s->recurrent_activation, gi, r.z, n);
    apply(&s->recurrent_activation, gf, r.z + n, n);
    apply(&s->activation, gc, r.z + 2 * n, n);
    apply(&s->recurrent_activation, go, r.z + 3 * n, n);
    for (ptrdiff_t i = 0; i < n; i++) r.c_next[i] = gf[i] * r.c[i] + gi[i] * gc[i];
    apply(&s->activation, tc, r.c_next, n);
    for (ptrdiff_t i = 0; i < n; i++) {
      float h = go[i] * tc[i];
      r.h_next[i] = h;
      r.output[i] = h;
    }
  }
}

KK_INLINE void gru_finish(const kk_cell_step *s, const row *r, const float *update, float *candidate) {
  ptrdiff_t n = s->units;
  apply(&s->activation, candidate, r->z + 2 * n, n);
  for (ptrdiff_t i = 0; i < n; i++) {
    float h = update[i] * r->h[i] + (1.0f - update[i]) * candidate[i];
    r->h_next[i] = h;
    r->output[i] = h;
  }
}

KK_CLONES void kk_gru_step_reset_after(const kk_cell_step *s) {
  ptrdiff_t n = s->units;
  float *update = s->scratch, *reset = update + n, *candidate = reset + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row r = row_of(s, b);
    // Biased even in a masked row: the backward pass reads it.
    if (s->candidate_bias)
      for (ptrdiff_t i = 0; i < n; i++) r.candidate[i] += s->candidate_bias[i];
    if (!r.unmasked) {
      keep(s, &r);
      continue;
    }
    apply(&s->recurrent_activation, update, r.z, n);
    apply(&s->recurrent_activation, reset, r.z + n, n);
    for (ptrdiff_t i = 0; i < n; i++) r.z[2 * n + i] += reset[i] * r.candidate[i];
    gru_finish(s, &r, update, candidate);
  }
}

KK_CLONES void kk_gru_step_reset(const kk_cell_step *s) {
  ptrdiff_t n = s->units;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row r = row_of(s, b);
    apply(&s->recurrent_activation, r.candidate, r.z + n, n);
    for (ptrdiff_t i = 0; i < n; i++) r.candidate[i] *= r.h[i];
  }
}

KK_CLONES void kk_gru_step_reset_before(const kk_cell_step *s) {
  ptrdiff_t n = s->units;
  float *update = s->scratch, *candidate = update + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row r = row_of(s, b);
    if (!r.unmasked) {
      keep(s, &r);
      continue;
    }
    apply(&s->recurrent_activation, update, r.z, n);
    gru_finish(s, &r, update, candidate);
  }
}

/// Gradient rows of one batch item.
typedef struct {
  float *dh, *dc, *d_output, *d_previous, *dz, *dr;
} gradient_row;

KK_INLINE gradient_row gradient_row_of(const kk_cell_gradient *g, ptrdiff_t b) {
  ptrdiff_t n = g->step.units;
  gradient_row r;
  r.dh = g->dh + b * n;
  r.dc = g->dc ? g->dc + b * n : 0;
  r.d_output = g->d_output ? g->d_output + b * g->d_output_stride : 0;
  r.d_previous = g->d_previous_output ? g->d_previous_output + b * g->d_output_stride : 0;
  r.dz = g->d_gates + b * g->d_gates_stride;
  r.dr = g->d_recurrent ? g->d_recurrent + b * g->d_recurrent_stride : 0;
  return r;
}

/// A masked step: states and output gradients pass on, the gates get none.
KK_INLINE void pass_on(const kk_cell_gradient *g, const gradient_row *r, ptrdiff_t gates, ptrdiff_t recurrent) {
  ptrdiff_t n = g->step.units;
  if (r->d_output && r->d_previous && !g->step.zero_output_for_mask)
    for (ptrdiff_t i = 0; i < n; i++) r->d_previous[i] += r->d_output[i];
  for (ptrdiff_t i = 0; i < gates * n; i++) r->dz[i] = 0.0f;
  for (ptrdiff_t i = 0; i < recurrent * n; i++) r->dr[i] = 0.0f;
}

KK_INLINE void add_output(const kk_cell_gradient *g, const gradient_row *r) {
  if (!r->d_output) return;
  for (ptrdiff_t i = 0; i < g->step.units; i++) r->dh[i] += r->d_output[i];
}

KK_CLONES void kk_simple_gradient(const kk_cell_gradient *g) {
  const kk_cell_step *s = &g->step;
  ptrdiff_t n = s->units;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row f = row_of(s, b);
    gradient_row r = gradient_row_of(g, b);
    if (!f.unmasked) {
      pass_on(g, &r, 1, 0);
      continue;
    }
    add_output(g, &r);
    apply(&s->activation, g->scratch, f.z, n);
    apply_gradient(&s->activation, r.dz, r.dh, f.z, g->scratch, n);
    for (ptrdiff_t i = 0; i < n; i++) r.dh[i] = 0.0f;
  }
}

/// A row of Keras' own activations in one loop.
KK_INLINE void lstm_gradient_row(const row *f, const gradient_row *r, ptrdiff_t n) {
  const float *zi = f->z, *zf = zi + n, *zc = zf + n, *zo = zc + n, *c = f->c;
  float *di = r->dz, *df = di + n, *dg = df + n, *dout = dg + n, *dh = r->dh, *dc = r->dc;
#pragma clang loop vectorize(assume_safety)
  for (ptrdiff_t i = 0; i < n; i++) {
    float gi = kk_sigmoid(zi[i]), gf = kk_sigmoid(zf[i]), gc = kk_tanh(zc[i]), go = kk_sigmoid(zo[i]);
    float tc = kk_tanh(gf * c[i] + gi * gc);
    float state = dc[i] + dh[i] * go * (1.0f - tc * tc);
    dout[i] = dh[i] * tc * go * (1.0f - go);
    di[i] = state * gc * gi * (1.0f - gi);
    df[i] = state * c[i] * gf * (1.0f - gf);
    dg[i] = state * gi * (1.0f - gc * gc);
    dc[i] = state * gf;
    dh[i] = 0.0f;
  }
}

KK_CLONES void kk_lstm_gradient(const kk_cell_gradient *g) {
  const kk_cell_step *s = &g->step;
  ptrdiff_t n = s->units;
  int usual = is_usual(s);
  float *gi = g->scratch, *gf = gi + n, *gc = gf + n, *go = gc + n, *tc = go + n, *c = tc + n, *d = c + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row f = row_of(s, b);
    gradient_row r = gradient_row_of(g, b);
    if (!f.unmasked) {
      pass_on(g, &r, 4, 0);
      continue;
    }
    add_output(g, &r);
    if (usual) {
      lstm_gradient_row(&f, &r, n);
      continue;
    }
    apply(&s->recurrent_activation, gi, f.z, n);
    apply(&s->recurrent_activation, gf, f.z + n, n);
    apply(&s->activation, gc, f.z + 2 * n, n);
    apply(&s->recurrent_activation, go, f.z + 3 * n, n);
    for (ptrdiff_t i = 0; i < n; i++) c[i] = gf[i] * f.c[i] + gi[i] * gc[i];
    apply(&s->activation, tc, c, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dh[i] * tc[i];
    apply_gradient(&s->recurrent_activation, r.dz + 3 * n, d, f.z + 3 * n, go, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dh[i] * go[i];
    apply_gradient(&s->activation, d, d, c, tc, n);
    for (ptrdiff_t i = 0; i < n; i++) r.dc[i] += d[i];
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dc[i] * gc[i];
    apply_gradient(&s->recurrent_activation, r.dz, d, f.z, gi, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dc[i] * f.c[i];
    apply_gradient(&s->recurrent_activation, r.dz + n, d, f.z + n, gf, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dc[i] * gi[i];
    apply_gradient(&s->activation, r.dz + 2 * n, d, f.z + 2 * n, gc, n);
    for (ptrdiff_t i = 0; i < n; i++) {
      r.dc[i] *= gf[i];
      r.dh[i] = 0.0f;
    }
  }
}

/// Update gate and candidate, common to both kinds of GRU; leaves z ⊙ dh in dh.
KK_INLINE void gru_update_gradient(
  const kk_cell_step *s, const row *f, const gradient_row *r, float *update, float *candidate, float *d) {
  ptrdiff_t n = s->units;
  apply(&s->recurrent_activation, update, f->z, n);
  apply(&s->activation, candidate, f->z + 2 * n, n);
  for (ptrdiff_t i = 0; i < n; i++) d[i] = r->dh[i] * (f->h[i] - candidate[i]);
  apply_gradient(&s->recurrent_activation, r->dz, d, f->z, update, n);
  for (ptrdiff_t i = 0; i < n; i++) d[i] = r->dh[i] * (1.0f - update[i]);
  apply_gradient(&s->activation, r->dz + 2 * n, d, f->z + 2 * n, candidate, n);
  for (ptrdiff_t i = 0; i < n; i++) r->dh[i] *= update[i];
}

KK_CLONES void kk_gru_gradient_reset_after(const kk_cell_gradient *g) {
  const kk_cell_step *s = &g->step;
  ptrdiff_t n = s->units;
  float *update = g->scratch, *reset = update + n, *candidate = reset + n, *d = candidate + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row f = row_of(s, b);
    gradient_row r = gradient_row_of(g, b);
    if (!f.unmasked) {
      pass_on(g, &r, 3, 3);
      continue;
    }
    add_output(g, &r);
    gru_update_gradient(s, &f, &r, update, candidate, d);
    apply(&s->recurrent_activation, reset, f.z + n, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dz[2 * n + i] * f.candidate[i];
    apply_gradient(&s->recurrent_activation, r.dz + n, d, f.z + n, reset, n);
    for (ptrdiff_t i = 0; i < 2 * n; i++) r.dr[i] = r.dz[i];
    for (ptrdiff_t i = 0; i < n; i++) r.dr[2 * n + i] = r.dz[2 * n + i] * reset[i];
  }
}

KK_CLONES void kk_gru_gradient_candidate(const kk_cell_gradient *g) {
  const kk_cell_step *s = &g->step;
  ptrdiff_t n = s->units;
  float *update = g->scratch, *candidate = update + n, *d = candidate + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row f = row_of(s, b);
    gradient_row r = gradient_row_of(g, b);
    if (!f.unmasked) {
      pass_on(g, &r, 3, 0);
      continue;
    }
    add_output(g, &r);
    gru_update_gradient(s, &f, &r, update, candidate, d);
  }
}

KK_CLONES void kk_gru_gradient_reset_before(const kk_cell_gradient *g) {
  const kk_cell_step *s = &g->step;
  ptrdiff_t n = s->units;
  float *reset = g->scratch, *d = reset + n;
  for (ptrdiff_t b = 0; b < s->batch; b++) {
    row f = row_of(s, b);
    if (!f.unmasked) continue;
    gradient_row r = gradient_row_of(g, b);
    apply(&s->recurrent_activation, reset, f.z + n, n);
    for (ptrdiff_t i = 0; i < n; i++) d[i] = r.dr[i] * f.h[i];
    apply_gradient(&s->recurrent_activation, r.dz + n, d, f.z + n, reset, n);
    for (ptrdiff_t i = 0; i < n; i++) r.dh[i] += r.dr[i] * reset[i];
  }
}

KK_CLONES void kk_scale_rows(
  float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride, const float *factors, ptrdiff_t factors_stride,
  ptrdiff_t rows, ptrdiff_t columns, int accumulate) {
  for (ptrdiff_t r = 0; r < rows; r++) {
    float *to = y + r * y_stride;
    const float *from = x + r * x_stride, *f = factors + r * factors_stride;
    if (accumulate)
      for (ptrdiff_t i = 0; i < columns; i++) to[i] += from[i] * f[i];
    else
      for (ptrdiff_t i = 0; i < columns; i++) to[i] = from[i] * f[i];
  }
}
