// AVX2 with the VEX form of VNNI: Intel laptops since Alder Lake, which lack AVX-512; AMD since Zen 5.
#include <immintrin.h>

#include "compiler.h"

// As an instruction for GCC, which otherwise keeps accumulators on the stack; see x86_512.h.
#if defined(__GNUC__) && !defined(__clang__)
static INLINE __m256i dot4(__m256i sum, __m256i codes, __m256i q) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(codes), "xm"(q));
    return sum;
}
#define TERN_DPBUSD(sum, codes, q) dot4(sum, codes, q)
#else
#define TERN_DPBUSD(sum, codes, q) _mm256_dpbusd_avx_epi32(sum, codes, q)
#endif
#include "x86_256.h"

const struct kernel tern_kernel_avxvnni = TERN_KERNEL_256("avxvnni");
