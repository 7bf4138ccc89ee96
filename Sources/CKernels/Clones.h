#pragma once

// One body per instruction set, chosen when the program is loaded: the package builds for baseline x86-64.
#if defined(__x86_64__) && defined(__linux__)
#define KK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KK_CLONES
#endif

#define KK_INLINE static inline __attribute__((always_inline))
