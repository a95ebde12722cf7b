// AVX-512 with VNNI.
#include "x86_512.h"

const struct kernel tern_kernel_avx512vnni = TERN_KERNEL_512("avx512vnni", NULL, NULL);
