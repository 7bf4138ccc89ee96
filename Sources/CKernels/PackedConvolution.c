#include <string.h>

#include "CKernels.h"
#include "Parallel.h"
#include "ProductBlock.h"

// A convolution as products: all that a row of the window reads lies side by side, so that a row of results is a product
// of overlapping rows of the input with some of the kernel's.

enum { WIDTH = KK_PACK_WIDTH };
/// Results of a channel that are made together, while what they read is in the second-level cache.
enum { MOST_ROWS = 128 };
/// Multiplications from which on a waiting thread is worth handing work to: a few microseconds.
#define GRAIN 131072

typedef struct {
  const kk_packed_convolution *c;
  /// Rows of results that are made together, those in all images, and each thread's floats of scratch memory: for rows
  /// of the input with their padding.
  ptrdiff_t group, rows, scratch_size;
  /// Columns and channels of a row with its padding.
  ptrdiff_t line;
  int is_padded;
  float *scratch;
  ptrdiff_t parts;
} convolution_call;

static ptrdiff_t blocks_of(const kk_packed_convolution *c) { return (c->filters + WIDTH - 1) / WIDTH; }

static convolution_call call_of(const kk_packed_convolution *c) {
  convolution_call call = {.c = c};
  ptrdiff_t read_width = (c->out_width - 1) * c->stride_x + c->kernel_width;
  ptrdiff_t read_height = (c->out_height - 1) * c->stride_y + c->kernel_height;
  call.is_padded = c->left > 0 || c->top > 0 || read_width > c->width + c->left || read_height > c->height + c->top;
  call.line = (call.is_padded ? read_width : c->width) * c->channels;
  call.group = MOST_ROWS / c->out_width;
  if (call.group < 1) call.group = 1;
  call.rows = c->images * c->out_height;
  call.scratch_size = call.is_padded ? ((call.group - 1) * c->stride_y + c->kernel_height) * call.line : 0;
  return call;
}

ptrdiff_t kk_packed_convolution_scratch(const kk_packed_convolution *c, ptrdiff_t threads) {
  return call_of(c).scratch_size * threads;
}

/// Rows of an image from `first` on, which may be outside, with zeros where nothing is.
static void pad(const convolution_call *call, const float *image, ptrdiff_t first, ptrdiff_t count, float *target) {
  const kk_packed_convolution *c = call->c;
  ptrdiff_t before = c->left * c->channels, length = c->width * c->channels;
  // What stands over at the right is read by no window, be it zeros before a narrow image.
  if (before > call->line) before = call->line;
  if (before + length > call->line) length = call->line - before;
  for (ptrdiff_t y = first; y < first + count; y++, target += call->line) {
    if (y < 0 || y >= c->height) {
      memset(target, 0, (size_t)call->line * sizeof(float));
      continue;
    }
    memset(target, 0, (size_t)before * sizeof(float));
    memcpy(target + before, image + y * c->width * c->channels, (size_t)length * sizeof(float));
    memset(target + before + length, 0, (size_t)(call->line - before - length) * sizeof(float));
  }
}

/// Some rows of an image's results for one block of filters; `x` is what the first of them reads.
static void row_block(
  const convolution_call *call, const float *x, ptrdiff_t offset, ptrdiff_t count, ptrdiff_t column) {
  const kk_packed_convolution *c = call->c;
  ptrdiff_t width = c->filters - column < WIDTH ? c->filters - column : WIDTH;
  ptrdiff_t window = c->kernel_width * c->channels, padded = (width + 15) / 16 * 16;
  const float *packed = c->packed + column * c->kernel_height * window;
  for (ptrdiff_t tap = 0; tap < c->kernel_height; tap++) {
    int is_first = tap == 0, is_last = tap == c->kernel_height - 1;
    kk_product_block block = {
      .y = c->y + offset + column, .ldy = c->filters, .x = x + tap * call->line, .ldx = c->stride_x * c->channels,
      .w = packed + tap * window * padded, .ldw = padded, .rows = c->out_width, .k = window, .columns = width,
      .bias = is_first && c->bias ? c->bias + column : NULL,
      .addend = is_first && c->addend ? c->addend + offset + column : NULL, .accumulate = !is_first,
      .cuts = is_last && c->cuts, .most = c->most};
    kk_multiply_blocks(&block, count, c->stride_y * call->line, c->out_width * c->filters);
  }
}

/// Rows first ..< last of all images' results, and some blocks of filters.
static void some_rows(
  const convolution_call *call, ptrdiff_t first, ptrdiff_t last, ptrdiff_t begin, ptrdiff_t end, float *scratch) {
  const kk_packed_convolution *c = call->c;
  for (ptrdiff_t row = first, count; row < last; row += count) {
    count = last - row < call->group ? last - row : call->group;
    ptrdiff_t image = row / c->out_height, y = row % c->out_height;
    if (count > c->out_height - y) count = c->out_height - y;
    const float *x = c->x + image * c->height * c->width * c->channels;
    if (call->is_padded) {
      pad(call, x, y * c->stride_y - c->top, (count - 1) * c->stride_y + c->kernel_height, scratch);
      x = scratch;
    } else {
      x += y * c->stride_y * call->line;
    }
    for (ptrdiff_t block = begin; block < end; block++)
      row_block(call, x, row * c->out_width * c->filters, count, block * WIDTH);
  }
}

/// Parts that each make some rows, or some filters of all rows if there are few.
static void convolution_parts(void *context, ptrdiff_t begin, ptrdiff_t end) {
  const convolution_call *call = context;
  ptrdiff_t blocks = blocks_of(call->c), parts = call->parts;
  for (ptrdiff_t part = begin; part < end; part++) {
    float *scratch = call->is_padded ? call->scratch + part * call->scratch_size : NULL;
    if (call->rows >= 2 * parts)
      some_rows(call, call->rows * part / parts, call->rows * (part + 1) / parts, 0, blocks, scratch);
    else some_rows(call, 0, call->rows, blocks * part / parts, blocks * (part + 1) / parts, scratch);
  }
}

void kk_convolve_packed(const kk_packed_convolution *c, float *scratch) {
  convolution_call call = call_of(c);
  ptrdiff_t threads = kk_threads();
  double work = (double)c->images * c->out_height * c->out_width * c->filters * c->kernel_height * c->kernel_width * c->channels;
  ptrdiff_t most = work / GRAIN < (double)threads ? (ptrdiff_t)(work / GRAIN) : threads;
  call.parts = most < 1 ? 1 : most;
  call.scratch = scratch;
  kk_parallel(call.parts, 1, convolution_parts, &call);
}
