#pragma once
#include <stddef.h>

/// Handles the range [begin, end) of a loop.
typedef void (*kk_body)(void *context, ptrdiff_t begin, ptrdiff_t end);

/// Splits [0, count) evenly among the threads; fewer threads when there are fewer than `grain` items for each.
void kk_parallel(ptrdiff_t count, ptrdiff_t grain, kk_body body, void *context);

/// The same, where each part but the last is a multiple of `unit`.
void kk_parallel_units(ptrdiff_t count, ptrdiff_t unit, ptrdiff_t grain, kk_body body, void *context);
