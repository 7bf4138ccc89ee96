#define _GNU_SOURCE
#include "COpenMP.h"

#if defined(__linux__)

#include <dlfcn.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CKernels.h"

// Why not libgomp's pool: its threads wait for each other by spinning for milliseconds. On a machine that has other
// work, a thread that is waited for may not be running at all, and the waiting thread uses up its share of the
// processor: MobileNetV2 took up to a hundred times as long. Here a thread spins only as long as that has paid off
// lately, then sleeps.

enum { LEAST_SPIN = 1000, MOST_SPIN = 200000 };  // Nanoseconds.
enum { MOST_THREADS = 1024 };

typedef void (*region_function)(void *);

typedef struct pool pool;

/// What a thread waits for to change; `sleepers` is not 0 while some thread may sleep on it.
typedef struct {
  _Alignas(64) _Atomic uint32_t value;
  _Atomic uint32_t sleepers;
} event;

typedef struct {
  event started;
  pool *owner;
  unsigned number;
} worker;

/// The threads that serve one thread which begins regions.
struct pool {
  region_function function;
  void *data;
  unsigned team;
  _Atomic int is_closing;
  _Atomic uint32_t left;
  event finished;
  _Atomic uint32_t arrived;
  event passed;
  _Atomic uint32_t spin;
  /// Threads that have not ended, the beginning one among them; the last frees the pool.
  _Atomic uint32_t users;
  unsigned made;
  worker *workers[MOST_THREADS];
};

static _Thread_local pool *own_pool, *current_team;
static _Thread_local unsigned thread_number, team_size = 1, is_inside;
static pthread_key_t at_exit;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
/// The threads of a thread's regions, 0 if not set, and of those that set nothing.
static _Thread_local int own_threads;
static int usual_threads;

// MARK: - Waiting

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void change(event *e) {
  atomic_fetch_add(&e->value, 1);
  if (atomic_load(&e->sleepers)) syscall(SYS_futex, &e->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/// Returns when the event's value is no longer `old`.
static void wait_for_change(event *e, uint32_t old, _Atomic uint32_t *spin) {
  if (atomic_load_explicit(&e->value, memory_order_acquire) != old) return;
  uint32_t budget = atomic_load_explicit(spin, memory_order_relaxed);
  uint64_t start = now(), end = start + budget;
  do {
    for (int i = 0; i < 8; i++) {
      relax();
      if (atomic_load_explicit(&e->value, memory_order_acquire) == old) continue;
      return;
    }
  } while (now() < end);
  atomic_fetch_add(&e->sleepers, 1);
  while (atomic_load(&e->value) == old) syscall(SYS_futex, &e->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
  atomic_fetch_sub(&e->sleepers, 1);
  // A little more patience would have saved the sleep, or none would have saved the processor's time.
  uint64_t waited = now() - start;
  uint32_t other = waited < MOST_SPIN ? MOST_SPIN : budget / 2;
  atomic_store_explicit(spin, other > LEAST_SPIN ? other : LEAST_SPIN, memory_order_relaxed);
}

// MARK: - Threads

static void leave(pool *p) {
  if (atomic_fetch_sub(&p->users, 1) != 1) return;
  for (unsigned i = 0; i < p->made; i++) free(p->workers[i]);
  free(p);
}

static void *serve(void *argument) {
  worker *own = argument;
  pool *p = own->owner;
  uint32_t seen = 0;
  thread_number = own->number;
  is_inside = 1;
  current_team = p;
  for (;;) {
    wait_for_change(&own->started, seen, &p->spin);
    seen++;
    if (atomic_load(&p->is_closing)) break;
    team_size = p->team;
    p->function(p->data);
    if (atomic_fetch_sub(&p->left, 1) == 1) change(&p->finished);
  }
  leave(p);
  return NULL;
}

/// Ends the threads of a pool whose own thread ends.
static void close_pool(void *argument) {
  pool *p = argument;
  atomic_store(&p->is_closing, 1);
  for (unsigned i = 0; i < p->made; i++) change(&p->workers[i]->started);
  leave(p);
}

static void prepare(void) {
  pthread_key_create(&at_exit, close_pool);
  const char *text = getenv("OMP_NUM_THREADS");
  int count = text ? atoi(text) : 0;
  if (count <= 0) {
    cpu_set_t processors;
    count = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 1;
  }
  usual_threads = count < 1 ? 1 : count < MOST_THREADS ? count : MOST_THREADS;
}

/// The calling thread's pool with threads for a team of the given size, or as many as can be had.
static pool *pool_for(unsigned team) {
  pool *p = own_pool;
  if (!p) {
    p = aligned_alloc(64, (sizeof(pool) + 63) / 64 * 64);
    if (!p) return NULL;
    *p = (pool){.spin = 20000, .users = 1};
    own_pool = p;
    pthread_setspecific(at_exit, p);
  }
  while (p->made + 1 < team) {
    worker *w = aligned_alloc(64, (sizeof(worker) + 63) / 64 * 64);
    if (!w) break;
    *w = (worker){.owner = p, .number = p->made + 1};
    atomic_fetch_add(&p->users, 1);
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, w) != 0) {
      atomic_fetch_sub(&p->users, 1);
      free(w);
      break;
    }
    pthread_detach(thread);
    p->workers[p->made++] = w;
  }
  return p;
}

// MARK: - What oneDNN calls

#define SERVED __attribute__((visibility("default")))

SERVED int omp_get_thread_num(void) { return (int)thread_number; }
SERVED int omp_get_num_threads(void) { return (int)team_size; }
SERVED int omp_in_parallel(void) { return is_inside && team_size > 1; }

SERVED int omp_get_max_threads(void) {
  if (own_threads) return own_threads;
  pthread_once(&prepared, prepare);
  return usual_threads;
}

/// Runs `function` once on each thread of a team; a team begun by one of another team is that thread alone.
SERVED void GOMP_parallel(void (*function)(void *), void *data, unsigned count, unsigned flags) {
  (void)flags;
  pthread_once(&prepared, prepare);
  if (count == 0) count = (unsigned)omp_get_max_threads();
  if (count > MOST_THREADS) count = MOST_THREADS;
  pool *p = is_inside || count == 1 ? NULL : pool_for(count);
  if (p && p->made + 1 < count) count = p->made + 1;
  if (!p || count == 1) {
    unsigned number = thread_number, size = team_size;
    thread_number = 0;
    team_size = 1;
    function(data);
    thread_number = number;
    team_size = size;
    return;
  }
  p->function = function;
  p->data = data;
  p->team = count;
  atomic_store(&p->left, count);
  uint32_t unfinished = atomic_load(&p->finished.value);
  for (unsigned i = 0; i + 1 < count; i++) change(&p->workers[i]->started);
  is_inside = 1;
  team_size = count;
  current_team = p;
  function(data);
  current_team = NULL;
  team_size = 1;
  is_inside = 0;
  if (atomic_fetch_sub(&p->left, 1) != 1) wait_for_change(&p->finished, unfinished, &p->spin);
}

SERVED void GOMP_barrier(void) {
  if (team_size == 1 || !current_team) return;
  pool *p = current_team;
  uint32_t closed = atomic_load(&p->passed.value);
  if (atomic_fetch_add(&p->arrived, 1) + 1 == p->team) {
    atomic_store(&p->arrived, 0);
    change(&p->passed);
  } else {
    wait_for_change(&p->passed, closed, &p->spin);
  }
}

// MARK: - What the kernels call

static void set_threads(int count) {
  if (count > 0) own_threads = count < MOST_THREADS ? count : MOST_THREADS;
}

static int is_served;

/// Before the program begins, so that no region has run yet.
__attribute__((constructor)) static void install(void) {
  // Not where the dynamic linker gives oneDNN another pool; all of it or nothing.
  const struct {
    const char *name;
    void *function;
  } served[] = {
    {"GOMP_parallel", (void *)GOMP_parallel},
    {"GOMP_barrier", (void *)GOMP_barrier},
    {"omp_get_max_threads", (void *)omp_get_max_threads},
    {"omp_get_num_threads", (void *)omp_get_num_threads},
    {"omp_get_thread_num", (void *)omp_get_thread_num},
    {"omp_in_parallel", (void *)omp_in_parallel},
  };
  for (size_t i = 0; i < sizeof served / sizeof *served; i++)
    if (dlsym(RTLD_DEFAULT, served[i].name) != served[i].function) return;
  kk_thread_pool own = {GOMP_parallel, omp_get_max_threads, omp_get_thread_num, omp_get_num_threads, set_threads};
  kk_use_thread_pool(&own);
  is_served = 1;
}

int kk_serves_openmp(void) { return is_served; }

#else

int kk_serves_openmp(void) { return 0; }

#endif
