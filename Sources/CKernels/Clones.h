#pragma once

// One body per instruction set, chosen when the program is loaded: the package builds for baseline x86-64.
#if defined(__x86_64__) && defined(__linux__)
#define KK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KK_CLONES
#endif

#if defined(__x86_64__)
/// For functions written for registers of 512 or of 256 bits.
#define KK_512_BITS __attribute__((target("arch=x86-64-v4")))
#define KK_256_BITS __attribute__((target("arch=x86-64-v3")))
#endif

/// Floats in a register of this processor, as far as loops are written for it: 16, 8 or 4.
static inline int kk_register_floats(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return 16;
  if (__builtin_cpu_supports("x86-64-v3")) return 8;
#endif
  return 4;
}

#define KK_INLINE static inline __attribute__((always_inline))
