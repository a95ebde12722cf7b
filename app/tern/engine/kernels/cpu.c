// Which instruction sets this CPU and its operating system offer.
#include "cpu.h"

#if defined(TERN_X86)
#if defined(_MSC_VER)
#include <intrin.h>
static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4]) { __cpuidex((int *)r, (int)leaf, (int)sub); }
static uint64_t enabled_state(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4]) { __cpuid_count(leaf, sub, r[0], r[1], r[2], r[3]); }
static uint64_t enabled_state(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

static int bit(uint32_t word, int n) { return word >> n & 1; }

struct cpu_features tern_cpu_features(void) {
    struct cpu_features f = {0};
    uint32_t r[4];  // eax, ebx, ecx, edx
    cpuid(0, 0, r);
    if (r[0] < 7) return f;
    cpuid(1, 0, r);
    if (!bit(r[2], 27)) return f;  // OSXSAVE: without it the wide registers are not saved
    const int fma_f16c = bit(r[2], 12) && bit(r[2], 29);  // what attention uses beside AVX2
    const uint64_t state = enabled_state();
    const int ymm = (state & 0x06) == 0x06, zmm = (state & 0xE6) == 0xE6;
    cpuid(7, 0, r);
    const uint32_t leaf7_max = r[0], ebx = r[1], ecx = r[2];
    f.avx2 = ymm && bit(ebx, 5) && fma_f16c;
    f.avx512vnni = zmm && bit(ebx, 16) && bit(ebx, 17) && bit(ebx, 30) && bit(ebx, 31) && bit(ecx, 11);  // F DQ BW VL
    f.avx512vbmi = f.avx512vnni && bit(ecx, 1);
    if (leaf7_max >= 1) {
        cpuid(7, 1, r);
        f.avxvnni = f.avx2 && bit(r[0], 4);
    }
    return f;
}

#elif defined(TERN_ARM)
#if defined(__APPLE__)
#include <sys/sysctl.h>
static int has(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value;
}
struct cpu_features tern_cpu_features(void) {
    struct cpu_features f = {0};
    f.neon_dotprod = has("hw.optional.arm.FEAT_DotProd");
    f.neon_i8mm = f.neon_dotprod && has("hw.optional.arm.FEAT_I8MM");
    return f;
}
#elif defined(_WIN32)
#include <windows.h>
struct cpu_features tern_cpu_features(void) {
    struct cpu_features f = {0};
    f.neon_dotprod = IsProcessorFeaturePresent(43) != 0;             // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
    f.neon_i8mm = f.neon_dotprod && IsProcessorFeaturePresent(66) != 0;   // PF_ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE
    return f;
}
#else
#include <sys/auxv.h>
struct cpu_features tern_cpu_features(void) {
    struct cpu_features f = {0};
    f.neon_dotprod = (getauxval(AT_HWCAP) >> 20 & 1) != 0;               // HWCAP_ASIMDDP
    f.neon_i8mm = f.neon_dotprod && (getauxval(AT_HWCAP2) >> 13 & 1) != 0;    // HWCAP2_I8MM
    return f;
}
#endif

#else
struct cpu_features tern_cpu_features(void) { return (struct cpu_features){0}; }
#endif
