// AVX2 with the VEX form of VNNI: Intel laptops since Alder Lake, which lack AVX-512; AMD since Zen 5.
#include <immintrin.h>
#define TERN_DPBUSD(sum, u, s) _mm256_dpbusd_avx_epi32(sum, u, s)
#include "x86_256.h"

const struct kernel tern_kernel_avxvnni = TERN_KERNEL_256("avxvnni");
