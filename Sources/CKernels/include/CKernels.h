#pragma once

#include <stddef.h>
#include <stdint.h>

// All arrays are dense floats unless said otherwise; int32 data travels in the same four bytes, and a bool is a float
// 0 or 1. Functions parallelise over `kk_threads()` threads when the work is worth it.

// --- Memory -------------------------------------------------------------------------------------------------------

/// Memory aligned to cache lines, zeroed or as it comes, or NULL if there is not so much.
void *kk_allocate(size_t bytes, int zeroed);
/// Gives back memory of so many bytes.
void kk_free(void *memory, size_t bytes);

// --- Checksums -----------------------------------------------------------------------------------------------------

/// The state of a CRC-32 (that of zip, its bits as they are inside, not inverted) after the first bytes, as 16 bytes
/// `rest` that leave the same state when a CRC of state 0 reads them. Returns how many bytes were taken: 0 where the
/// processor has no carry-less products, or the bytes are too few.
size_t kk_crc32_fold(uint32_t state, const uint8_t *bytes, size_t count, uint8_t *rest);

// --- Threads -------------------------------------------------------------------------------------------------------

/// What runs parallel regions, as OpenMP's functions of these purposes do; the threads set are the calling thread's.
typedef struct {
  void (*run)(void (*function)(void *), void *data, unsigned threads, unsigned flags);
  int (*max_threads)(void);
  int (*thread_number)(void);
  int (*team_size)(void);
  void (*set_threads)(int count);
} kk_thread_pool;

/// Takes another pool than libgomp's, which oneDNN must use too; before anything else here is called.
void kk_use_thread_pool(const kk_thread_pool *pool);

/// Sets how many threads the calling thread's parallel regions use, here and in oneDNN, at most two per processor.
void kk_set_threads(int count);
int kk_threads(void);

/// Lets the calling thread, and those of its parallel regions for good, take operands and results below 1.2e-38, the
/// smallest normal number, for 0; the calling thread's former mode. After `kk_set_threads`.
uint64_t kk_flush_subnormals(void);
/// Gives the calling thread its former mode back.
void kk_restore_subnormals(uint64_t former);

/// Calls `body(context, part)` for every part below `count`, each on one thread, which does not share its own work
/// further; as many at once as `kk_threads()` says.
void kk_each_part(ptrdiff_t count, void (*body)(void *context, ptrdiff_t part), void *context);

/// Multiplies and adds in registers on every thread, as fast as the processor can, `repeats` rounds; the number of
/// floating-point operations done. Its time gives the peak that products are measured by.
double kk_multiply_add_work(ptrdiff_t repeats);

// --- Elementwise programs ------------------------------------------------------------------------------------------

typedef enum {
  KK_COPY, KK_NEGATE, KK_ABSOLUTE, KK_SIGN, KK_EXP, KK_EXPM1, KK_LOG, KK_LOG1P, KK_SQRT, KK_RSQRT, KK_RECIPROCAL,
  KK_SQUARE, KK_SIN, KK_COS, KK_TANH, KK_SIGMOID, KK_ERF, KK_FLOOR, KK_CEILING, KK_ROUND, KK_RELU, KK_SOFTPLUS, KK_NOT,
  KK_ELU, KK_LEAKY_RELU, KK_CLIP, KK_HARD_SIGMOID, KK_GELU, KK_GELU_TANH, KK_SILU,
  KK_ROUND_BFLOAT16, KK_ROUND_FLOAT16, KK_ROUND_FLOAT8,
  KK_INT_NEGATE, KK_INT_ABSOLUTE, KK_INT_SIGN, KK_INT_SQUARE, KK_INT_RELU, KK_INT_CLIP,
  KK_ADD, KK_SUBTRACT, KK_MULTIPLY, KK_DIVIDE, KK_MAXIMUM, KK_MINIMUM, KK_POWER, KK_MODULO, KK_FLOOR_DIVIDE, KK_AND,
  KK_OR, KK_DIVIDE_NO_NAN,
  KK_INT_ADD, KK_INT_SUBTRACT, KK_INT_MULTIPLY, KK_INT_DIVIDE, KK_INT_MAXIMUM, KK_INT_MINIMUM, KK_INT_POWER,
  KK_INT_MODULO, KK_INT_FLOOR_DIVIDE, KK_INT_DIVIDE_NO_NAN,
  KK_EQUAL, KK_NOT_EQUAL, KK_LESS, KK_LESS_OR_EQUAL, KK_GREATER, KK_GREATER_OR_EQUAL,
  KK_INT_EQUAL, KK_INT_NOT_EQUAL, KK_INT_LESS, KK_INT_LESS_OR_EQUAL, KK_INT_GREATER, KK_INT_GREATER_OR_EQUAL,
  KK_SELECT,
  KK_FLOAT_TO_INT, KK_INT_TO_FLOAT, KK_FLOAT_TO_BOOL, KK_INT_TO_BOOL,
} kk_opcode;

/// Elements each instruction of a program handles before the next one runs.
#define KK_BLOCK 512
/// The most scratch blocks a program may use.
#define KK_MAX_SCRATCH 80
/// The most slots a program may have.
#define KK_MAX_SLOTS 160
/// The largest rank of a strided operand, adjacent axes merged.
#define KK_MAX_RANK 16

typedef enum {
  /// A block of the program's own.
  KK_SLOT_SCRATCH,
  /// Memory with one element per element of the program.
  KK_SLOT_DIRECT,
  /// One element, repeated.
  KK_SLOT_SCALAR,
  /// Memory read by `dimensions` and `strides`.
  KK_SLOT_STRIDED,
} kk_slot_kind;

typedef struct {
  kk_slot_kind kind;
  /// The scratch block that holds it (all kinds but direct).
  int32_t scratch;
  float *memory;
  int32_t rank;
  const ptrdiff_t *dimensions;
  const ptrdiff_t *strides;
} kk_slot;

/// slots[result] = opcode(slots[a], slots[b], slots[c]) with two immediate numbers; select: a is the condition.
typedef struct {
  kk_opcode opcode;
  int32_t result, a, b, c;
  float p, q;
} kk_instruction;

/// y(inner) = scale · the sum of a slot's (…, inner) elements over all but the last axis; the slot is no scalar.
typedef struct {
  int32_t slot;
  ptrdiff_t inner;
  float *y;
  float scale;
} kk_sum;

typedef struct {
  ptrdiff_t count;
  int32_t slot_count, instruction_count, sum_count;
  const kk_slot *slots;
  const kk_instruction *instructions;
  const kk_sum *sums;
  /// For the sums, `kk_sums_scratch` floats.
  float *scratch;
} kk_program;

/// Sums are the same to the last bit on any number of threads.
void kk_run_program(const kk_program *program);
ptrdiff_t kk_sums_scratch(ptrdiff_t count, const kk_sum *sums, int32_t sum_count);

/// y = opcode(x) for unary opcodes.
void kk_unary(kk_opcode opcode, float p, float q, float *y, const float *x, ptrdiff_t count);

// --- Reductions, softmax, scans: over the middle axis of (outer, count, inner) -----------------------------------------

typedef enum { KK_REDUCE_SUM, KK_REDUCE_MAXIMUM, KK_REDUCE_MINIMUM, KK_REDUCE_PRODUCT } kk_reduction;

/// y(outer, inner) = scale · reduction of x.
void kk_reduce(
  kk_reduction kind, float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, float scale);
void kk_reduce_int(
  kk_reduction kind, int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int32_t divisor);
void kk_softmax(float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int logarithm);
/// result = y·(g − Σ g·y): the gradient of a softmax with the result y.
void kk_softmax_gradient(
  float *result, const float *y, const float *g, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner);
void kk_cumulative_sum(float *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int reverse);
void kk_cumulative_sum_int(
  int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner, int reverse);
void kk_argmax(int32_t *y, const float *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner);
void kk_argmax_int(int32_t *y, const int32_t *x, ptrdiff_t outer, ptrdiff_t count, ptrdiff_t inner);

// --- Moving data ----------------------------------------------------------------------------------------------------

/// y[Σ i·y_strides] = x[Σ i·x_strides] for all indices below `dimensions` (elements, strides may be negative or zero).
void kk_copy(
  int32_t rank, const ptrdiff_t *dimensions, float *y, const ptrdiff_t *y_strides, const float *x,
  const ptrdiff_t *x_strides);
void kk_fill(float *y, float value, ptrdiff_t count);
/// Returns the position of the first index that is not a row of the table, or -1.
ptrdiff_t kk_gather_rows(
  float *y, const float *table, const int32_t *indices, ptrdiff_t count, ptrdiff_t width, ptrdiff_t rows);
/// Adds into a table already zeroed; returns as `kk_gather_rows`.
ptrdiff_t kk_scatter_add_rows(
  float *table, const float *x, const int32_t *indices, ptrdiff_t count, ptrdiff_t width, ptrdiff_t rows);

// --- Random numbers --------------------------------------------------------------------------------------------------

/// Philox 4×32-10 with key `seed` and counter (element / 4, stream, run): uniform on [0, 1), or standard normal.
void kk_random(float *y, ptrdiff_t count, uint64_t seed, uint32_t stream, uint32_t run, int normal);

// --- Pooling: x (batch, in[0], in[1], in[2], channels) -----------------------------------------------------------------

typedef struct {
  ptrdiff_t batch, channels;
  ptrdiff_t in[3], out[3], window[3], stride[3], before[3];
  int maximum, counts_padding;
} kk_pooling;

void kk_pool(const kk_pooling *pooling, float *y, const float *x);
/// The gradient of x; with `maximum` it goes to the first largest element of each window.
void kk_pool_gradient(const kk_pooling *pooling, float *dx, const float *x, const float *dy);

// --- Small products ----------------------------------------------------------------------------------------------------

/// y(rows, n) = [y +] x(rows, k) · w(k, n), for few rows; leading dimensions in elements.
void kk_small_product(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t k,
  ptrdiff_t n, int accumulate);
/// y(rows, k) = [y +] x(rows, n) · w(k, n)ᵀ, for few rows.
void kk_small_product_transposed(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t k,
  ptrdiff_t n, int accumulate);

/// Columns of one block of packed weights.
#define KK_PACK_WIDTH 64

/// Floats that `kk_pack` writes for weights (k, n).
ptrdiff_t kk_packed_count(ptrdiff_t k, ptrdiff_t n);
/// Brings w(k, n) into the order in which `kk_packed_product` reads it: blocks of columns, the
/// last as wide as its columns need, filled with zeros to whole vectors.
void kk_pack(float *packed, const float *w, ptrdiff_t ldw, ptrdiff_t k, ptrdiff_t n);
/// The same for `rows` of the k rows, from row `first` on, which alone are at w.
void kk_pack_rows(
  float *packed, const float *w, ptrdiff_t ldw, ptrdiff_t k, ptrdiff_t n, ptrdiff_t first, ptrdiff_t rows);
/// The transpose of w(rows, columns) to turned(columns, rows).
void kk_turn(float *turned, const float *w, ptrdiff_t ldw, ptrdiff_t rows, ptrdiff_t columns);
/// As `kk_small_product` with packed weights and any number of rows; `bias` (n) or NULL starts the sums if there is
/// nothing to accumulate to, and `relu` cuts them off at 0.
void kk_packed_product(
  float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *packed, ptrdiff_t rows, ptrdiff_t k, ptrdiff_t n,
  int accumulate, const float *bias, int relu);

// --- Convolutions by packed products --------------------------------------------------------------------------------

/// A convolution: x[images][height][width][channels] to y[images][out_height][out_width][filters].
///
/// `top` and `left` zeros stand before the input; behind it stand as many as the output needs. `packed` is the kernel
/// [kernel_height · kernel_width · channels][filters] as of `kk_pack`. `bias` and `addend` (of
/// y's shape) may be NULL; `cuts` brings results between 0 and `most`.
typedef struct {
  ptrdiff_t images, height, width, channels, out_height, out_width, filters;
  ptrdiff_t kernel_height, kernel_width, stride_y, stride_x, top, left;
  const float *x, *packed, *bias, *addend;
  float *y;
  int cuts;
  float most;
} kk_packed_convolution;

/// Whether these loops are faster than oneDNN's: on processors with registers of 256 bits.
int kk_suits_packed_convolution(void);
/// Floats of scratch memory that a call on so many threads needs: none without padding.
ptrdiff_t kk_packed_convolution_scratch(const kk_packed_convolution *convolution, ptrdiff_t threads);
void kk_convolve_packed(const kk_packed_convolution *convolution, float *scratch);

// --- Convolutions of 3 × 3 by Winograd's products --------------------------------------------------------------------

/// A 3 × 3 convolution of stride 1: x[images][height][width][channels] to y[images][out_height][out_width][filters].
///
/// Channels and filters must be multiples of 16. `top` and `left` zeros stand before the input; behind it stand as many
/// as the output needs. `weights` are those of `kk_winograd_weights`. `bias` and `addend` (of y's shape, added before
/// the cut) may be NULL.
typedef struct {
  ptrdiff_t images, height, width, channels, out_height, out_width, filters, top, left;
  const float *x, *weights, *bias, *addend;
  float *y;
  int relu;
} kk_winograd;

/// Floats of the transformed weights: four times those of the kernel and what fills its blocks.
ptrdiff_t kk_winograd_weight_count(ptrdiff_t channels, ptrdiff_t filters);
/// Transforms kernel[3][3][channels][filters]; if `turned`, the one for the gradient of the input: kernel[3][3][filters]
/// [channels] with both spatial axes reversed.
void kk_winograd_weights(float *packed, const float *kernel, ptrdiff_t channels, ptrdiff_t filters, int turned);
/// Floats of scratch memory that a call on so many threads needs.
ptrdiff_t kk_winograd_scratch(const kk_winograd *convolution, ptrdiff_t threads);
void kk_winograd_convolution(const kk_winograd *convolution, float *scratch);
/// Whether the processor has the registers that these loops are written for; without, direct sums are faster.
int kk_suits_winograd(void);
/// Whether the processor multiplies bfloat16 numbers.
int kk_has_bfloat16(void);

// --- Recurrent cells ---------------------------------------------------------------------------------------------------

/// An activation of a cell: a unary opcode with its numbers, or a softmax over the units.
typedef struct {
  kk_opcode opcode;
  int softmax;
  float p, q;
} kk_activation;

/// One time step of a recurrent layer; a row pointer is `base + batch index · stride`.
typedef struct {
  ptrdiff_t batch, units;
  kk_activation activation, recurrent_activation;
  /// Gate sums before activation, `(gates·units)` a row; the GRU's candidate part is completed in place.
  float *gates;
  ptrdiff_t gates_stride;
  /// GRU with reset after: h·Rₕ without bias, and that bias or NULL; GRU with reset before: r·h is written here.
  float *candidate;
  ptrdiff_t candidate_stride;
  const float *candidate_bias;
  const float *h_previous, *c_previous;
  ptrdiff_t state_stride;
  float *h_next, *c_next;
  ptrdiff_t next_stride;
  /// The step's output row and the previous step's (NULL at the first step).
  float *output;
  const float *previous_output;
  ptrdiff_t output_stride;
  /// 0 where the step is masked, or NULL.
  const float *mask;
  ptrdiff_t mask_stride;
  int zero_output_for_mask;
  /// 5·units floats.
  float *scratch;
} kk_cell_step;

void kk_simple_step(const kk_cell_step *step);
void kk_lstm_step(const kk_cell_step *step);
void kk_gru_step_reset_after(const kk_cell_step *step);
/// First half: r·h into `candidate`; the caller then adds its product with Rₕ to the candidate gate.
void kk_gru_step_reset(const kk_cell_step *step);
void kk_gru_step_reset_before(const kk_cell_step *step);

/// y = x ⊙ factors row by row, or added to y; factors of stride 0 are the same for all rows. y may be x.
void kk_scale_rows(
  float *y, ptrdiff_t y_stride, const float *x, ptrdiff_t x_stride, const float *factors, ptrdiff_t factors_stride,
  ptrdiff_t rows, ptrdiff_t columns, int accumulate);

/// The backward pass through one step; fields of `step` as after the forward pass.
typedef struct {
  kk_cell_step step;
  /// In: gradients of the new states; out: those of the previous states that do not pass through the product with R.
  float *dh, *dc;
  /// The gradient of this step's output row (added to dh by the functions), and where a masked step's goes on to.
  float *d_output, *d_previous_output;
  ptrdiff_t d_output_stride;
  /// Gradients of the gate sums; zero in masked rows.
  float *d_gates;
  ptrdiff_t d_gates_stride;
  /// GRU: gradients of what `d_gates` is for the recurrent product (reset after), or of r·h (reset before).
  float *d_recurrent;
  ptrdiff_t d_recurrent_stride;
  /// 12·units floats.
  float *scratch;
} kk_cell_gradient;

void kk_simple_gradient(const kk_cell_gradient *gradient);
void kk_lstm_gradient(const kk_cell_gradient *gradient);
void kk_gru_gradient_reset_after(const kk_cell_gradient *gradient);
/// First half: candidate and update gates; writes `d_gates` (z, h).
void kk_gru_gradient_candidate(const kk_cell_gradient *gradient);
/// Second half: given the gradient of r·h in `d_recurrent`: writes `d_gates` (r) and adds to dh.
void kk_gru_gradient_reset_before(const kk_cell_gradient *gradient);
