// AVX2 alone: every x86 laptop since 2013 (Intel) or 2015 (AMD).
#include "x86_256.h"

const struct kernel tern_kernel_avx2 = TERN_KERNEL_256("avx2");
