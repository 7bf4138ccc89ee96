#include <string.h>

#include "CKernels.h"
#include "Clones.h"
#include "Parallel.h"
#include "ProductBlock.h"

// 3 × 3 convolutions of stride 1 with a quarter of the multiplications: results are made in tiles of 4 × 4, each a
// polynomial product evaluated at six points (S. Winograd; Lavin and Gray, arXiv:1509.09308). The points 0, ±3/4, ±3/2
// and infinity keep the rounding near that of a direct sum: those usual, ±1 and ±2, lose twice as much and more.

enum { TILE = 4, PATCH = 6, POINTS = PATCH * PATCH };
#define P1 0.75f
#define P2 1.5f
#define Q1 (P1 * P1)
#define Q2 (P2 * P2)

typedef float vector __attribute__((vector_size(64), aligned(4)));
typedef double wide_vector __attribute__((vector_size(128), aligned(4)));

// Macros, since a function returning so wide a vector has no fixed calling convention.
#define LOAD(P) (*(const vector *)(P))
#define STORE(P, V) (*(vector *)(P) = (V))

typedef int32_t mask __attribute__((vector_size(64)));
/// 0 where a value is negative, else the value (also if it is NaN).
#define CUT(V) ((vector)((mask)(V) & ~(mask)((V) < 0)))

/// Tiles whose products are made while they are in the second-level cache.
enum { BLOCK = 48 };
/// Floats between two points' matrices beyond their elements, so that they do not meet in the same cache sets.
enum { GAP = 16 };

/// Output channels whose sums are in registers: 32 where blocks of 64 would be half empty.
static ptrdiff_t width_of(ptrdiff_t filters) { return (filters - 1) % 64 < 32 ? 32 : 64; }
static ptrdiff_t blocks_of(ptrdiff_t filters) { return (filters + width_of(filters) - 1) / width_of(filters); }

typedef struct {
  const kk_winograd *c;
  /// Rows and columns of tiles in an image, tiles in all, tiles in a block.
  ptrdiff_t rows, columns, tiles, block;
  /// Output channels of a block, and blocks.
  ptrdiff_t width, blocks;
  float *scratch;
  ptrdiff_t part_size;
  ptrdiff_t parts;
  /// The tiles that all parts make together, where each makes some channels of them.
  ptrdiff_t first, count;
} winograd_call;

/// Six values at the points, of six in a row.
#define AT_POINTS(D, R)                                  \
  do {                                                   \
    vector s1 = D[4] - Q2 * D[2], t1 = P1 * (D[3] - Q2 * D[1]); \
    vector s2 = D[4] - Q1 * D[2], t2 = P2 * (D[3] - Q1 * D[1]); \
    R[0] = Q1 * Q2 * D[0] - (Q1 + Q2) * D[2] + D[4];     \
    R[1] = s1 + t1;                                      \
    R[2] = s1 - t1;                                      \
    R[3] = s2 + t2;                                      \
    R[4] = s2 - t2;                                      \
    R[5] = Q1 * Q2 * D[1] - (Q1 + Q2) * D[3] + D[5];     \
  } while (0)

/// Four results of six values at the points.
#define FROM_POINTS(M, Y)                                \
  do {                                                   \
    vector s1 = M[1] + M[2], d1 = M[1] - M[2], s2 = M[3] + M[4], d2 = M[3] - M[4]; \
    Y[0] = M[0] + s1 + s2;                               \
    Y[1] = P1 * d1 + P2 * d2;                            \
    Y[2] = Q1 * s1 + Q2 * s2;                            \
    Y[3] = Q1 * P1 * d1 + Q2 * P2 * d2 + M[5];           \
  } while (0)

/// Patches of the input at the points: `values[point][tile][channel]`, for some channels of tiles first ..< first + count.
KK_CLONES static void transform_input(
  const winograd_call *call, ptrdiff_t first, ptrdiff_t count, ptrdiff_t begin, ptrdiff_t end, float *values,
  ptrdiff_t stride) {
  const kk_winograd *c = call->c;
  ptrdiff_t line = c->width * c->channels;
  for (ptrdiff_t tile = 0; tile < count; tile++) {
    ptrdiff_t index = first + tile, image = index / (call->rows * call->columns);
    ptrdiff_t row = index / call->columns % call->rows * TILE - c->top, column = index % call->columns * TILE - c->left;
    const float *corner = c->x + (image * c->height + row) * line + column * c->channels;
    int whole = row >= 0 && column >= 0 && row + PATCH <= c->height && column + PATCH <= c->width;
    for (ptrdiff_t channel = begin; channel < end; channel += 16) {
      vector half[PATCH][PATCH];
      for (int x = 0; x < PATCH; x++) {
        vector d[PATCH], r[PATCH];
        for (int y = 0; y < PATCH; y++) {
          int inside = whole || (row + y >= 0 && row + y < c->height && column + x >= 0 && column + x < c->width);
          d[y] = inside ? LOAD(corner + y * line + x * c->channels + channel) : (vector){0};
        }
        AT_POINTS(d, r);
        for (int y = 0; y < PATCH; y++) half[y][x] = r[y];
      }
      float *target = values + tile * c->channels + channel;
      for (int y = 0; y < PATCH; y++) {
        vector r[PATCH];
        AT_POINTS(half[y], r);
        for (int x = 0; x < PATCH; x++) STORE(target + (y * PATCH + x) * stride, r[x]);
      }
    }
  }
}

/// Results of `count` tiles for one block of output channels, of their values at the points.
KK_CLONES static void transform_output(
  const winograd_call *call, ptrdiff_t first, ptrdiff_t count, ptrdiff_t column_block, const float *values,
  ptrdiff_t stride) {
  const kk_winograd *c = call->c;
  ptrdiff_t start = column_block * call->width;
  ptrdiff_t width = c->filters - start < call->width ? c->filters - start : call->width;
  for (ptrdiff_t tile = 0; tile < count; tile++) {
    ptrdiff_t index = first + tile, image = index / (call->rows * call->columns);
    ptrdiff_t row = index / call->columns % call->rows * TILE, column = index % call->columns * TILE;
    ptrdiff_t rows = c->out_height - row < TILE ? c->out_height - row : TILE;
    ptrdiff_t columns = c->out_width - column < TILE ? c->out_width - column : TILE;
    ptrdiff_t corner = ((image * c->out_height + row) * c->out_width + column) * c->filters + start;
    float *target = c->y + corner;
    const float *addend = c->addend ? c->addend + corner : NULL;
    for (ptrdiff_t channel = 0; channel < width; channel += 16) {
      const float *source = values + tile * call->width + channel;
      vector half[TILE][PATCH];
      for (int x = 0; x < PATCH; x++) {
        vector m[PATCH], y[TILE];
        for (int i = 0; i < PATCH; i++) m[i] = LOAD(source + (i * PATCH + x) * stride);
        FROM_POINTS(m, y);
        for (int i = 0; i < TILE; i++) half[i][x] = y[i];
      }
      vector bias = c->bias ? LOAD(c->bias + start + channel) : (vector){0};
      for (ptrdiff_t i = 0; i < rows; i++) {
        vector y[TILE];
        FROM_POINTS(half[i], y);
        for (ptrdiff_t j = 0; j < columns; j++) {
          vector value = y[j] + bias;
          if (c->addend) value += LOAD(addend + (i * c->out_width + j) * c->filters + channel);
          if (c->relu) value = CUT(value);
          STORE(target + (i * c->out_width + j) * c->filters + channel, value);
        }
      }
    }
  }
}

/// The products at all points of some tiles with one block of output channels.
static void multiply(
  const winograd_call *call, ptrdiff_t count, ptrdiff_t column_block, const float *values, ptrdiff_t stride,
  float *sums, ptrdiff_t sum_stride) {
  ptrdiff_t channels = call->c->channels, width = call->width, size = channels * width;
  for (int point = 0; point < POINTS; point++) {
    const float *w = call->c->weights + (point * call->blocks + column_block) * size;
    kk_product_block block = {
      .y = sums + point * sum_stride, .ldy = width, .x = values + point * stride, .ldx = channels, .w = w, .ldw = width,
      .rows = count, .k = channels, .columns = width};
    kk_multiply_block(&block);
  }
}

static ptrdiff_t value_stride(const kk_winograd *c, ptrdiff_t tiles) { return tiles * c->channels + GAP; }
static ptrdiff_t sum_stride(ptrdiff_t tiles, ptrdiff_t width) { return tiles * width + GAP; }

/// Parts that each make some of the tiles.
static void tile_parts(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const winograd_call *call = context;
  const kk_winograd *c = call->c;
  for (ptrdiff_t part = begin; part < end; part++) {
    ptrdiff_t first = call->tiles * part / call->parts, last = call->tiles * (part + 1) / call->parts;
    float *values = call->scratch + part * call->part_size, *sums = values + POINTS * value_stride(c, call->block);
    while (first < last) {
      // What is left in equal blocks.
      ptrdiff_t left = last - first, count = left / ((left + call->block - 1) / call->block);
      ptrdiff_t stride = value_stride(c, count);
      transform_input(call, first, count, 0, c->channels, values, stride);
      for (ptrdiff_t block = 0; block < call->blocks; block++) {
        multiply(call, count, block, values, stride, sums, sum_stride(count, call->width));
        transform_output(call, first, count, block, sums, sum_stride(count, call->width));
      }
      first += count;
    }
  }
}

/// Parts that transform some channels of all tiles.
static void channel_parts(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const winograd_call *call = context;
  const kk_winograd *c = call->c;
  transform_input(
    call, call->first, call->count, begin * 16, end * 16, call->scratch, value_stride(c, call->count));
}

/// Parts that make some of the output channels of all tiles.
static void filter_parts(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const winograd_call *call = context;
  const kk_winograd *c = call->c;
  for (ptrdiff_t part = begin; part < end; part++) {
    float *sums = call->scratch + POINTS * value_stride(c, call->block) + part * POINTS * sum_stride(call->block, call->width);
    for (ptrdiff_t block = call->blocks * part / call->parts; block < call->blocks * (part + 1) / call->parts; block++) {
      multiply(call, call->count, block, call->scratch, value_stride(c, call->count), sums, sum_stride(call->count, call->width));
      transform_output(call, call->first, call->count, block, sums, sum_stride(call->count, call->width));
    }
  }
}

static winograd_call call_of(const kk_winograd *c, ptrdiff_t threads) {
  winograd_call call = {.c = c};
  call.rows = (c->out_height + TILE - 1) / TILE;
  call.columns = (c->out_width + TILE - 1) / TILE;
  call.tiles = c->images * call.rows * call.columns;
  call.width = width_of(c->filters);
  call.blocks = blocks_of(c->filters);
  call.parts = threads < call.tiles ? threads : call.tiles;
  ptrdiff_t share = (call.tiles + call.parts - 1) / call.parts;
  call.block = share < BLOCK ? share : BLOCK;
  call.part_size = POINTS * (value_stride(c, call.block) + sum_stride(call.block, call.width));
  return call;
}

ptrdiff_t kk_winograd_scratch(const kk_winograd *c, ptrdiff_t threads) {
  winograd_call call = call_of(c, threads);
  ptrdiff_t block = call.tiles < BLOCK ? call.tiles : BLOCK;
  ptrdiff_t shared = POINTS * (value_stride(c, block) + threads * sum_stride(block, call.width));
  ptrdiff_t own = call.parts * call.part_size;
  return shared > own ? shared : own;
}

ptrdiff_t kk_winograd_weight_count(ptrdiff_t channels, ptrdiff_t filters) {
  return POINTS * channels * blocks_of(filters) * width_of(filters);
}

typedef struct {
  float *packed;
  const float *kernel;
  ptrdiff_t channels, filters;
  int turned;
  double factors[PATCH][3];
} weight_call;

/// Sixteen numbers that stand `step` apart.
#define GATHER(V, P, STEP) \
  do {                     \
    for (int lane = 0; lane < 16; lane++) V[lane] = (P)[lane * (STEP)]; \
  } while (0)

/// The kernels of some channels at the points.
KK_CLONES static void weight_range(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const weight_call *c = context;
  ptrdiff_t width = width_of(c->filters), blocks = blocks_of(c->filters), size = c->channels * c->filters;
  for (ptrdiff_t channel = begin; channel < end; channel++)
    for (ptrdiff_t filter = 0; filter < c->filters; filter += 16) {
      const float *source =
        c->kernel + (c->turned ? filter * c->channels + channel : channel * c->filters + filter);
      float *target = c->packed + (filter / width * c->channels + channel) * width + filter % width;
      wide_vector taps[3][3], half[PATCH][3];
      for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++) {
          vector tap;
          if (c->turned) GATHER(tap, source + (8 - y * 3 - x) * size, c->channels);
          else tap = LOAD(source + (y * 3 + x) * size);
          taps[y][x] = __builtin_convertvector(tap, wide_vector);
        }
      for (int x = 0; x < 3; x++)
        for (int i = 0; i < PATCH; i++) {
          half[i][x] = (wide_vector){0};
          for (int y = 0; y < 3; y++) half[i][x] += c->factors[i][y] * taps[y][x];
        }
      for (int i = 0; i < PATCH; i++)
        for (int j = 0; j < PATCH; j++) {
          wide_vector value = (wide_vector){0};
          for (int x = 0; x < 3; x++) value += half[i][x] * c->factors[j][x];
          STORE(target + (i * PATCH + j) * blocks * c->channels * width, __builtin_convertvector(value, vector));
        }
    }
}

void kk_winograd_weights(float *packed, const float *kernel, ptrdiff_t channels, ptrdiff_t filters, int turned) {
  static const double points[PATCH - 1] = {0, P1, -P1, P2, -P2};
  weight_call call = {packed, kernel, channels, filters, turned, {{0}}};
  for (int i = 0; i < PATCH - 1; i++) {
    double divisor = 1;
    for (int j = 0; j < PATCH - 1; j++)
      if (j != i) divisor *= points[i] - points[j];
    call.factors[i][0] = 1 / divisor;
    call.factors[i][1] = points[i] / divisor;
    call.factors[i][2] = points[i] * points[i] / divisor;
  }
  call.factors[PATCH - 1][2] = 1;
  if (filters % width_of(filters) != 0)
    memset(packed, 0, (size_t)kk_winograd_weight_count(channels, filters) * sizeof(float));
  kk_parallel(channels, 8, weight_range, &call);
}

void kk_winograd_convolution(const kk_winograd *c, float *scratch) {
  ptrdiff_t threads = kk_threads();
  winograd_call call = call_of(c, threads);
  call.scratch = scratch;
  // Few tiles: each thread reads a part of the weights for all of them, instead of all weights for a part of them.
  if (threads > 1 && call.tiles < threads * BLOCK / 2 && call.blocks >= threads) {
    call.parts = threads;
    call.block = call.tiles < BLOCK ? call.tiles : BLOCK;
    for (call.first = 0; call.first < call.tiles; call.first += call.count) {
      ptrdiff_t left = call.tiles - call.first;
      call.count = left < call.block ? left : call.block;
      kk_parallel(c->channels / 16, 1, channel_parts, &call);
      kk_parallel(call.parts, 1, filter_parts, &call);
    }
    return;
  }
  kk_parallel(call.parts, 1, tile_parts, &call);
}
