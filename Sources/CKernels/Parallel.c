#define _GNU_SOURCE
#include "Parallel.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "CKernels.h"

// The thread pool is libgomp's, which libdnnl has loaded: two pools would fight over the cores. It is looked up at run
// time because its link name is in the compiler's directory, and without it everything runs on one thread.
typedef void (*parallel_function)(void (*)(void *), void *, unsigned, unsigned);
typedef int (*int_function)(void);
typedef void (*set_function)(int);

static _Atomic(parallel_function) gomp_parallel;
static _Atomic(int_function) gomp_max_threads, gomp_thread_number, gomp_team_size, gomp_processors;
static _Atomic(set_function) gomp_set_threads;
static atomic_int looked_up;

static void look_up(void) {
  if (atomic_load_explicit(&looked_up, memory_order_acquire)) return;
  gomp_max_threads = (int_function)dlsym(RTLD_DEFAULT, "omp_get_max_threads");
  gomp_thread_number = (int_function)dlsym(RTLD_DEFAULT, "omp_get_thread_num");
  gomp_team_size = (int_function)dlsym(RTLD_DEFAULT, "omp_get_num_threads");
  gomp_processors = (int_function)dlsym(RTLD_DEFAULT, "omp_get_num_procs");
  gomp_set_threads = (set_function)dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  parallel_function parallel = (parallel_function)dlsym(RTLD_DEFAULT, "GOMP_parallel");
  if (!gomp_max_threads || !gomp_thread_number || !gomp_team_size || !gomp_set_threads) parallel = NULL;
  gomp_parallel = parallel;
  atomic_store_explicit(&looked_up, 1, memory_order_release);
}

void kk_set_threads(int count) {
  look_up();
  if (!gomp_set_threads || count <= 0) return;
  // libgomp ends the process when it cannot start a thread, so a senseless number must not reach it.
  int most = gomp_processors ? 2 * gomp_processors() : count;
  gomp_set_threads(count < most ? count : most);
}

int kk_threads(void) {
  look_up();
  return gomp_parallel ? gomp_max_threads() : 1;
}

typedef struct {
  ptrdiff_t count, grain;
  kk_body body;
  void *context;
} region;

static void run_part(void *data) {
  const region *r = data;
  ptrdiff_t thread = gomp_thread_number(), threads = gomp_team_size();
  ptrdiff_t grains = (r->count + r->grain - 1) / r->grain;
  ptrdiff_t begin = grains * thread / threads * r->grain, end = grains * (thread + 1) / threads * r->grain;
  if (end > r->count) end = r->count;
  if (begin < end) r->body(r->context, begin, end);
}

void kk_parallel(ptrdiff_t count, ptrdiff_t grain, kk_body body, void *context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  ptrdiff_t threads = count < 2 * grain ? 1 : kk_threads();
  if (threads > count / grain) threads = count / grain;
  if (threads <= 1) {
    body(context, 0, count);
    return;
  }
  region r = {count, grain, body, context};
  atomic_load_explicit(&gomp_parallel, memory_order_relaxed)(run_part, &r, (unsigned)threads, 0);
}

typedef struct {
  void (*body)(void *context, ptrdiff_t part);
  void *context;
} each_call;

static void run_each(void *data, ptrdiff_t begin, ptrdiff_t end) {
  const each_call *call = data;
  for (ptrdiff_t part = begin; part < end; part++) call->body(call->context, part);
}

void kk_each_part(ptrdiff_t count, void (*body)(void *context, ptrdiff_t part), void *context) {
  each_call call = {body, context};
  kk_parallel(count, 1, run_each, &call);
}
