#include "CKernels.h"
#include "Clones.h"

int kk_suits_winograd(void) { return kk_register_floats() >= 8; }

int kk_suits_packed_convolution(void) { return kk_register_floats() == 8; }

int kk_has_bfloat16(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}
