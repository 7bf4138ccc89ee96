#include <string.h>

#include "CKernels.h"
#include "Parallel.h"
#include "VectorMath.h"

// Loops that call the C library's functions stay scalar, whatever they are asked to be.
#pragma clang diagnostic ignored "-Wpass-failed"

// An instruction may write over its operand, which a compiler's overlap check would take for a conflict.
#define ELEMENTS _Pragma("clang loop vectorize(assume_safety)") for (ptrdiff_t i = 0; i < n; i++)

#define UNARY(CODE, EXPRESSION)          \
  case CODE:                             \
    ELEMENTS {  \
      float x = a[i];                    \
      y[i] = (EXPRESSION);               \
    }                                    \
    return;

#define BINARY(CODE, EXPRESSION)         \
  case CODE:                             \
    ELEMENTS {  \
      float u = a[i], v = b[i];          \
      y[i] = (EXPRESSION);               \
    }                                    \
    return;

#define INT_UNARY(CODE, EXPRESSION)      \
  case CODE:                             \
    ELEMENTS {  \
      int32_t x = ia[i];                 \
      iy[i] = (EXPRESSION);              \
    }                                    \
    return;

// Sums and products wrap as numpy's do, so they are computed unsigned.
#define INT_BINARY(CODE, EXPRESSION)     \
  case CODE:                             \
    ELEMENTS {  \
      int32_t u = ia[i], v = ib[i];      \
      iy[i] = (EXPRESSION);              \
    }                                    \
    return;

#define INT_COMPARE(CODE, OPERATOR)      \
  case CODE:                             \
    ELEMENTS {  \
      y[i] = ia[i] OPERATOR ib[i] ? 1.0f : 0.0f; \
    }                                    \
    return;

KK_INLINE float floored_remainder(float u, float v) {
  float r = fmodf(u, v);
  return r != 0.0f && (r < 0.0f) != (v < 0.0f) ? r + v : r;
}

KK_INLINE int32_t int_floor_divide(int32_t u, int32_t v) {
  if (v == 0) return 0;
  if (v == -1) return (int32_t)(0u - (uint32_t)u);
  int32_t q = u / v;
  return q * v != u && (u < 0) != (v < 0) ? q - 1 : q;
}

KK_INLINE int32_t int_modulo(int32_t u, int32_t v) {
  if (v == 0 || v == -1) return 0;
  int32_t r = u % v;
  return r != 0 && (r < 0) != (v < 0) ? r + v : r;
}

KK_INLINE int32_t int_power(int32_t u, int32_t v) {
  uint32_t result = 1, base = (uint32_t)u;
  if (v < 0) return u == 1 ? 1 : u == -1 ? (v & 1 ? -1 : 1) : 0;
  for (; v > 0; v >>= 1) {
    if (v & 1) result *= base;
    base *= base;
  }
  return (int32_t)result;
}

KK_INLINE void power(float *y, const float *a, const float *b, ptrdiff_t n, int scalar_exponent) {
  if (scalar_exponent) {
    float e = b[0];
    if (e == 2.0f) {
      ELEMENTS y[i] = a[i] * a[i];
      return;
    }
    if (e == 1.0f) {
      memmove(y, a, (size_t)n * sizeof(float));
      return;
    }
    if (e == 0.5f) {
      ELEMENTS y[i] = __builtin_elementwise_sqrt(a[i]);
      return;
    }
    if (e == -1.0f) {
      ELEMENTS y[i] = 1.0f / a[i];
      return;
    }
  }
  ELEMENTS y[i] = powf(a[i], b[i]);
}

KK_INLINE void execute(
  kk_opcode opcode, float *y, const float *a, const float *b, const float *c, float p, float q, ptrdiff_t n,
  int scalar_b) {
  int32_t *iy = (int32_t *)y;
  const int32_t *ia = (const int32_t *)a, *ib = (const int32_t *)b;
  switch (opcode) {
    case KK_COPY: memmove(y, a, (size_t)n * sizeof(float)); return;
    UNARY(KK_NEGATE, -x)
    UNARY(KK_ABSOLUTE, fabsf(x))
    UNARY(KK_SIGN, x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x))
    UNARY(KK_EXP, kk_exp(x))
    UNARY(KK_EXPM1, kk_expm1(x))
    UNARY(KK_LOG, kk_log(x))
    UNARY(KK_LOG1P, kk_log1p(x))
    UNARY(KK_SQRT, __builtin_elementwise_sqrt(x))
    UNARY(KK_RSQRT, 1.0f / __builtin_elementwise_sqrt(x))
    UNARY(KK_RECIPROCAL, 1.0f / x)
    UNARY(KK_SQUARE, x * x)
    UNARY(KK_SIN, sinf(x))
    UNARY(KK_COS, cosf(x))
    UNARY(KK_TANH, kk_tanh(x))
    UNARY(KK_SIGMOID, kk_sigmoid(x))
    UNARY(KK_ERF, kk_erf(x))
    UNARY(KK_FLOOR, floorf(x))
    UNARY(KK_CEILING, ceilf(x))
    UNARY(KK_ROUND, rintf(x))
    UNARY(KK_ROUND_BFLOAT16, kk_round_bfloat16(x))
    UNARY(KK_ROUND_FLOAT16, kk_narrowed(x, 10, 0x1p-14f, 65504.0f, INFINITY))
    UNARY(KK_ROUND_FLOAT8, kk_narrowed(x, 3, 0x1p-6f, 448.0f, NAN))
    UNARY(KK_RELU, x < 0.0f ? 0.0f : x)
    UNARY(KK_SOFTPLUS, kk_softplus(x))
    UNARY(KK_NOT, x == 0.0f ? 1.0f : 0.0f)
    UNARY(KK_ELU, x > 0.0f ? x : p * kk_expm1(x))
    UNARY(KK_LEAKY_RELU, x > 0.0f ? x : p * x)
    UNARY(KK_CLIP, x < p ? p : (x > q ? q : x))
    case KK_HARD_SIGMOID:
      ELEMENTS {
        float x = p * a[i] + q;
        y[i] = x < 0.0f ? 0.0f : (x > 1.0f ? 1.0f : x);
      }
      return;
    UNARY(KK_GELU, kk_gelu(x))
    UNARY(KK_GELU_TANH, kk_gelu_tanh(x))
    UNARY(KK_SILU, x * kk_sigmoid(x))
    INT_UNARY(KK_INT_NEGATE, (int32_t)(0u - (uint32_t)x))
    INT_UNARY(KK_INT_ABSOLUTE, x < 0 ? (int32_t)(0u - (uint32_t)x) : x)
    INT_UNARY(KK_INT_SIGN, (x > 0) - (x < 0))
    INT_UNARY(KK_INT_SQUARE, (int32_t)((uint32_t)x * (uint32_t)x))
    INT_UNARY(KK_INT_RELU, x < 0 ? 0 : x)
    INT_UNARY(KK_INT_CLIP, (float)x < p ? (int32_t)p : ((float)x > q ? (int32_t)q : x))
    BINARY(KK_ADD, u + v)
    BINARY(KK_SUBTRACT, u - v)
    BINARY(KK_MULTIPLY, u *v)
    BINARY(KK_DIVIDE, u / v)
    BINARY(KK_MAXIMUM, u > v || u != u ? u : v)
    BINARY(KK_MINIMUM, u < v || u != u ? u : v)
    case KK_POWER: power(y, a, b, n, scalar_b); return;
    BINARY(KK_MODULO, floored_remainder(u, v))
    BINARY(KK_FLOOR_DIVIDE, floorf(u / v))
    BINARY(KK_AND, u != 0.0f && v != 0.0f ? 1.0f : 0.0f)
    BINARY(KK_OR, u != 0.0f || v != 0.0f ? 1.0f : 0.0f)
    BINARY(KK_DIVIDE_NO_NAN, v != 0.0f ? u / v : 0.0f)
    INT_BINARY(KK_INT_ADD, (int32_t)((uint32_t)u + (uint32_t)v))
    INT_BINARY(KK_INT_SUBTRACT, (int32_t)((uint32_t)u - (uint32_t)v))
    INT_BINARY(KK_INT_MULTIPLY, (int32_t)((uint32_t)u * (uint32_t)v))
    INT_BINARY(KK_INT_DIVIDE, v == 0 ? 0 : (v == -1 ? (int32_t)(0u - (uint32_t)u) : u / v))
    INT_BINARY(KK_INT_DIVIDE_NO_NAN, v == 0 ? 0 : (v == -1 ? (int32_t)(0u - (uint32_t)u) : u / v))
    INT_BINARY(KK_INT_MAXIMUM, u > v ? u : v)
    INT_BINARY(KK_INT_MINIMUM, u < v ? u : v)
    INT_BINARY(KK_INT_POWER, int_power(u, v))
    INT_BINARY(KK_INT_MODULO, int_modulo(u, v))
    INT_BINARY(KK_INT_FLOOR_DIVIDE, int_floor_divide(u, v))
    BINARY(KK_EQUAL, u == v ? 1.0f : 0.0f)
    BINARY(KK_NOT_EQUAL, u != v ? 1.0f : 0.0f)
    BINARY(KK_LESS, u < v ? 1.0f : 0.0f)
    BINARY(KK_LESS_OR_EQUAL, u <= v ? 1.0f : 0.0f)
    BINARY(KK_GREATER, u > v ? 1.0f : 0.0f)
    BINARY(KK_GREATER_OR_EQUAL, u >= v ? 1.0f : 0.0f)
    INT_COMPARE(KK_INT_EQUAL, ==)
    INT_COMPARE(KK_INT_NOT_EQUAL, !=)
    INT_COMPARE(KK_INT_LESS, <)
    INT_COMPARE(KK_INT_LESS_OR_EQUAL, <=)
    INT_COMPARE(KK_INT_GREATER, >)
    INT_COMPARE(KK_INT_GREATER_OR_EQUAL, >=)
    case KK_SELECT:
      // As integers: either type of data passes through unchanged.
      ELEMENTS {
        // Both are read: a load under a condition would keep the loop scalar.
        int32_t u = ib[i], v = ((const int32_t *)c)[i];
        iy[i] = a[i] != 0.0f ? u : v;
      }
      return;
    case KK_FLOAT_TO_INT:
      ELEMENTS {
        float x = a[i];
        // Out of range stays defined: clamped, and 0 for NaN.
        float inside = x < -2147483648.0f ? -2147483648.0f : (x > 2147483520.0f ? 2147483520.0f : x);
        iy[i] = (int32_t)(x != x ? 0.0f : inside);
      }
      return;
    case KK_INT_TO_FLOAT:
      ELEMENTS y[i] = (float)ia[i];
      return;
    UNARY(KK_FLOAT_TO_BOOL, x != 0.0f ? 1.0f : 0.0f)
    case KK_INT_TO_BOOL:
      ELEMENTS y[i] = ia[i] != 0 ? 1.0f : 0.0f;
      return;
  }
}

/// Reads `n` elements of a strided operand from element `start` on.
KK_INLINE void load_strided(float *block, const kk_slot *slot, ptrdiff_t start, ptrdiff_t n) {
  ptrdiff_t index[KK_MAX_RANK];
  int rank = slot->rank;
  const float *source = slot->memory;
  ptrdiff_t rest = start;
  for (int d = rank - 1; d >= 0; d--) {
    index[d] = rest % slot->dimensions[d];
    rest /= slot->dimensions[d];
    source += index[d] * slot->strides[d];
  }
  ptrdiff_t inner = slot->dimensions[rank - 1], stride = slot->strides[rank - 1];
  while (n > 0) {
    ptrdiff_t run = inner - index[rank - 1];
    if (run > n) run = n;
    if (stride == 1) {
      for (ptrdiff_t i = 0; i < run; i++) block[i] = source[i];
    } else if (stride == 0) {
      float value = *source;
      for (ptrdiff_t i = 0; i < run; i++) block[i] = value;
    } else {
      for (ptrdiff_t i = 0; i < run; i++) block[i] = source[i * stride];
    }
    block += run;
    n -= run;
    // On to the next run: the inner index is at its end.
    source -= index[rank - 1] * stride;
    index[rank - 1] = 0;
    int d = rank - 2;
    for (; d >= 0; d--) {
      source += slot->strides[d];
      if (++index[d] < slot->dimensions[d]) break;
      source -= slot->dimensions[d] * slot->strides[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

// Sums: each of up to SUM_PARTS parts of the elements has its own, in two steps so that rounding errors grow with the
// number of SUM_ROWS rows only.
#define SUM_PARTS 16
#define SUM_PART 16384
#define SUM_ROWS 64

/// Whole rows, as many as make loops over them worthwhile.
static ptrdiff_t sum_width(const kk_sum *sum) { return (64 + sum->inner - 1) / sum->inner * sum->inner; }

static ptrdiff_t sum_parts(ptrdiff_t count) {
  ptrdiff_t parts = count / SUM_PART;
  return parts < 1 ? 1 : parts > SUM_PARTS ? SUM_PARTS : parts;
}

ptrdiff_t kk_sums_scratch(ptrdiff_t count, const kk_sum *sums, int32_t sum_count) {
  ptrdiff_t width = 0;
  for (int32_t s = 0; s < sum_count; s++) width += 2 * sum_width(&sums[s]);
  return sum_parts(count) * width;
}

KK_INLINE void add_to_sum(float *recent, ptrdiff_t width, ptrdiff_t start, const float *x, ptrdiff_t n) {
  ptrdiff_t at = start % width;
  while (n > 0) {
    ptrdiff_t run = width - at < n ? width - at : n;
    for (ptrdiff_t i = 0; i < run; i++) recent[at + i] += x[i];
    x += run;
    n -= run;
    at = 0;
  }
}

KK_INLINE void close_sum(float *total, float *recent, ptrdiff_t width) {
  for (ptrdiff_t i = 0; i < width; i++) {
    total[i] += recent[i];
    recent[i] = 0.0f;
  }
}

/// Elements from `begin` to `end`; `sums` is a part's scratch, if there are sums.
KK_INLINE void run_elements(const kk_program *program, ptrdiff_t begin, ptrdiff_t end, float *sums) {
  float scratch[KK_MAX_SCRATCH * KK_BLOCK] __attribute__((aligned(64)));
  float *blocks[KK_MAX_SLOTS];
  ptrdiff_t most = end - begin < KK_BLOCK ? end - begin : KK_BLOCK;
  for (int32_t s = 0; s < program->slot_count; s++) {
    const kk_slot *slot = &program->slots[s];
    blocks[s] = scratch + (ptrdiff_t)slot->scratch * KK_BLOCK;
    if (slot->kind == KK_SLOT_SCALAR) {
      float value = *slot->memory;
      for (ptrdiff_t i = 0; i < most; i++) blocks[s][i] = value;
    }
  }
  for (ptrdiff_t start = begin; start < end; start += KK_BLOCK) {
    ptrdiff_t n = end - start < KK_BLOCK ? end - start : KK_BLOCK;
    for (int32_t s = 0; s < program->slot_count; s++) {
      const kk_slot *slot = &program->slots[s];
      if (slot->kind == KK_SLOT_DIRECT) blocks[s] = slot->memory + start;
    }
    for (int32_t k = 0; k < program->instruction_count; k++) {
      const kk_instruction *in = &program->instructions[k];
      // A strided operand is read just before its use: its scratch block may serve others elsewhere.
      if (in->opcode == KK_COPY && program->slots[in->a].kind == KK_SLOT_STRIDED) {
        load_strided(blocks[in->result], &program->slots[in->a], start, n);
        continue;
      }
      execute(
        in->opcode, blocks[in->result], blocks[in->a], blocks[in->b], blocks[in->c], in->p, in->q, n,
        program->slots[in->b].kind == KK_SLOT_SCALAR);
    }
    float *total = sums;
    for (int32_t s = 0; s < program->sum_count; s++) {
      const kk_sum *sum = &program->sums[s];
      ptrdiff_t width = sum_width(sum), rows = SUM_ROWS * width;
      add_to_sum(total + width, width, start, blocks[sum->slot], n);
      if ((start + n - begin) / rows != (start - begin) / rows || start + n == end)
        close_sum(total, total + width, width);
      total += 2 * width;
    }
  }
}

KK_CLONES static void run_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  run_elements(context, begin, end, NULL);
}

KK_CLONES static void run_parts(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const kk_program *program = context;
  ptrdiff_t parts = sum_parts(program->count), blocks = (program->count + KK_BLOCK - 1) / KK_BLOCK;
  ptrdiff_t width = kk_sums_scratch(program->count, program->sums, program->sum_count) / parts;
  for (ptrdiff_t part = begin; part < end; part++) {
    float *sums = program->scratch + part * width;
    memset(sums, 0, (size_t)width * sizeof(float));
    ptrdiff_t first = blocks * part / parts * KK_BLOCK, last = blocks * (part + 1) / parts * KK_BLOCK;
    run_elements(program, first, last < program->count ? last : program->count, sums);
  }
}

static void finish_sums(const kk_program *program) {
  ptrdiff_t parts = sum_parts(program->count);
  ptrdiff_t stride = kk_sums_scratch(program->count, program->sums, program->sum_count) / parts;
  const float *total = program->scratch;
  for (int32_t s = 0; s < program->sum_count; s++) {
    const kk_sum *sum = &program->sums[s];
    ptrdiff_t width = sum_width(sum);
    for (ptrdiff_t i = 0; i < sum->inner; i++) {
      float y = 0.0f;
      for (ptrdiff_t part = 0; part < parts; part++)
        for (ptrdiff_t at = i; at < width; at += sum->inner) y += total[part * stride + at];
      sum->y[i] = sum->scale * y;
    }
    total += 2 * width;
  }
}

void kk_run_program(const kk_program *program) {
  // A thread is worth waking for some tens of microseconds of work.
  ptrdiff_t grain = 262144 / (program->instruction_count + 1);
  if (program->sum_count == 0) {
    kk_parallel_units(program->count, KK_BLOCK, grain, run_range, (void *)program);
    return;
  }
  ptrdiff_t parts = sum_parts(program->count);
  kk_parallel(parts, (grain * parts + program->count - 1) / program->count, run_parts, (void *)program);
  finish_sums(program);
}

typedef struct {
  kk_opcode opcode;
  float p, q;
  float *y;
  const float *x;
} unary_call;

KK_CLONES static void unary_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const unary_call *call = context;
  execute(call->opcode, call->y + begin, call->x + begin, call->x + begin, call->x + begin, call->p, call->q, end - begin, 0);
}

void kk_unary(kk_opcode opcode, float p, float q, float *y, const float *x, ptrdiff_t count) {
  unary_call call = {opcode, p, q, y, x};
  kk_parallel_units(count, KK_BLOCK, 16384, unary_range, &call);
}
