#define _GNU_SOURCE
#include "Parallel.h"

#include <dlfcn.h>
#include <pthread.h>

#include "CKernels.h"

// The thread pool is the one that oneDNN uses, libgomp's if the program has no other: two pools would fight over the
// cores. It is looked up at run time because its link name is in the compiler's directory, and without it everything
// runs on one thread.
static kk_thread_pool pool;
static int (*processors)(void);
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;

static int is_complete(const kk_thread_pool *p) {
  return p->run && p->max_threads && p->thread_number && p->team_size && p->set_threads;
}

static void find_pool(void) {
  processors = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_procs");
  if (pool.run) return;
  kk_thread_pool found;
  found.run = (void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(RTLD_DEFAULT, "GOMP_parallel");
  found.max_threads = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_max_threads");
  found.thread_number = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_thread_num");
  found.team_size = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_threads");
  found.set_threads = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (is_complete(&found)) pool = found;
}

static void look_up(void) { pthread_once(&looked_up, find_pool); }

void kk_use_thread_pool(const kk_thread_pool *other) {
  if (is_complete(other)) pool = *other;
}

void kk_set_threads(int count) {
  look_up();
  if (!pool.run || count <= 0) return;
  // libgomp ends the process when it cannot start a thread, so a senseless number must not reach it.
  int most = processors ? 2 * processors() : count;
  pool.set_threads(count < most ? count : most);
}

int kk_threads(void) {
  look_up();
  return pool.run ? pool.max_threads() : 1;
}

typedef struct {
  ptrdiff_t count, unit;
  kk_body body;
  void *context;
} region;

static void run_part(void *data) {
  const region *r = data;
  ptrdiff_t thread = pool.thread_number(), threads = pool.team_size();
  ptrdiff_t units = (r->count + r->unit - 1) / r->unit;
  ptrdiff_t begin = units * thread / threads * r->unit, end = units * (thread + 1) / threads * r->unit;
  if (end > r->count) end = r->count;
  if (begin < end) r->body(r->context, begin, end);
}

void kk_parallel(ptrdiff_t count, ptrdiff_t grain, kk_body body, void *context) {
  kk_parallel_units(count, 1, grain, body, context);
}

void kk_parallel_units(ptrdiff_t count, ptrdiff_t unit, ptrdiff_t grain, kk_body body, void *context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  ptrdiff_t threads = count < 2 * grain ? 1 : kk_threads();
  if (threads > count / grain) threads = count / grain;
  if (threads <= 1) {
    body(context, 0, count);
    return;
  }
  region r = {count, unit, body, context};
  pool.run(run_part, &r, (unsigned)threads, 0);
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
