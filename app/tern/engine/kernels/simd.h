// Sixteen floats as one value, for code compiled once per instruction set. Every operation gives the same
// bits everywhere: multiply-adds are fused on all of them (fmaf in the scalar version), sums run over the
// lanes in one fixed tree (j with j + 8, + 4, + 2, + 1).
#ifndef TERN_SIMD_H
#define TERN_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES16 = 16 };

#if defined(__AVX512F__)
#include <immintrin.h>
typedef __m512 vf;
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
static inline vf vf_set(float x) { return _mm512_set1_ps(x); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_load_half(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline vf vf_set_half(const uint8_t *p) {
    int16_t half;
    memcpy(&half, p, 2);
    return _mm512_cvtph_ps(_mm256_set1_epi16(half));
}
static inline vf vf_load_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}
// p * 2^n, where the low bits of t hold n
static inline vf vf_scale_exponent(vf p, vf t) {
    return _mm512_castsi512_ps(
        _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(t), 23)));
}
static inline void vf_transpose(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    __m512 r[16], t[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_ps(in + i * in_stride);
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i]), _mm512_castps_pd(t[i + 2])));
        r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
        r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(t[i + 1]), _mm512_castps_pd(t[i + 3])));
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        const __m512 a = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        const __m512 b = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xDD);
        const __m512 c = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        const __m512 d = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xDD);
        _mm512_storeu_ps(out + i * out_stride, _mm512_shuffle_f32x4(a, c, 0x88));
        _mm512_storeu_ps(out + (i + 8) * out_stride, _mm512_shuffle_f32x4(a, c, 0xDD));
        _mm512_storeu_ps(out + (i + 4) * out_stride, _mm512_shuffle_f32x4(b, d, 0x88));
        _mm512_storeu_ps(out + (i + 12) * out_stride, _mm512_shuffle_f32x4(b, d, 0xDD));
    }
}
static inline vf vf_max_by_4(vf x) {
    x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
    return _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
}
static inline vf vf_add_by_4(vf x) {
    x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
    return _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
}
// Both halves of a and b added: [8 of a, 8 of b], and so on down to one number each.
static inline __m512 add_halves(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
}
static inline __m512 add_quarters(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
}
static inline __m512 add_pairs(__m512 a, __m512 b) {
    const __m512d x = _mm512_castps_pd(a), y = _mm512_castps_pd(b);
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(x, y)), _mm512_castpd_ps(_mm512_unpackhi_pd(x, y)));
}
// The sums of 16 vectors x[i][j], each as vf_sum gives it: lane 4 j + i.
static inline vf vf_sum_16(vf x00, vf x01, vf x02, vf x03, vf x10, vf x11, vf x12, vf x13, vf x20, vf x21, vf x22,
                           vf x23, vf x30, vf x31, vf x32, vf x33) {
    const __m512 a = add_quarters(add_halves(x00, x01), add_halves(x02, x03));
    const __m512 b = add_quarters(add_halves(x10, x11), add_halves(x12, x13));
    const __m512 c = add_quarters(add_halves(x20, x21), add_halves(x22, x23));
    const __m512 d = add_quarters(add_halves(x30, x31), add_halves(x32, x33));
    const __m512 ab = add_pairs(a, b), cd = add_pairs(c, d);
    return _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x88), _mm512_shuffle_ps(ab, cd, 0xDD));
}

#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
typedef struct {
    __m256 a, b;
} vf;
static inline vf vf_load(const float *p) { return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline void vf_store(float *p, vf x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
static inline vf vf_set(float x) { return (vf){_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline vf vf_add(vf x, vf y) { return (vf){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
static inline vf vf_sub(vf x, vf y) { return (vf){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
static inline vf vf_mul(vf x, vf y) { return (vf){_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
static inline vf vf_max(vf x, vf y) { return (vf){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
static inline vf vf_fma(vf x, vf y, vf z) {
    return (vf){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
static inline vf vf_load_half(const uint16_t *p) {
    const __m128i *q = (const __m128i *)(const void *)p;
    return (vf){_mm256_cvtph_ps(_mm_loadu_si128(q)), _mm256_cvtph_ps(_mm_loadu_si128(q + 1))};
}
static inline vf vf_set_half(const uint8_t *p) {
    int16_t half;
    memcpy(&half, p, 2);
    const __m256 x = _mm256_cvtph_ps(_mm_set1_epi16(half));
    return (vf){x, x};
}
static inline vf vf_load_i8(const int8_t *p) {
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (vf){_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x)),
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(x, 8)))};
}
static inline __m256 scale_exponent_8(__m256 p, __m256 t) {
    return _mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(t), 23)));
}
static inline vf vf_scale_exponent(vf p, vf t) {
    return (vf){scale_exponent_8(p.a, t.a), scale_exponent_8(p.b, t.b)};
}
static inline void transpose_8(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    __m256 r[8], t[8];
    for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(in + i * in_stride);
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xEE);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xEE);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(out + i * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(out + (i + 4) * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}
static inline void vf_transpose(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 16; j += 8)
            transpose_8(in + i * in_stride + j, in_stride, out + j * out_stride + i, out_stride);
}
static inline __m256 swap_halves(__m256 x) { return _mm256_permute2f128_ps(x, x, 1); }
static inline vf vf_max_by_4(vf x) {
    const __m256 y = _mm256_max_ps(x.a, x.b), z = _mm256_max_ps(y, swap_halves(y));
    return (vf){z, z};
}
static inline vf vf_add_by_4(vf x) {
    const __m256 y = _mm256_add_ps(x.a, x.b), z = _mm256_add_ps(y, swap_halves(y));
    return (vf){z, z};
}
static inline __m256 add_quarters(vf x, vf y) {
    const __m256 a = _mm256_add_ps(x.a, x.b), b = _mm256_add_ps(y.a, y.b);
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
static inline void vf_sum_4(vf a, vf b, vf c, vf d, float *out) {
    const __m256 ac = add_quarters(a, c), bd = add_quarters(b, d);
    const __m256d x = _mm256_castps_pd(ac), y = _mm256_castps_pd(bd);
    const __m256 t = _mm256_add_ps(_mm256_castpd_ps(_mm256_unpacklo_pd(x, y)), _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)));
    const __m128 low = _mm256_castps256_ps128(t), high = _mm256_extractf128_ps(t, 1);  // pairs of a, b; of c, d
    _mm_storeu_ps(out, _mm_add_ps(_mm_shuffle_ps(low, high, 0x88), _mm_shuffle_ps(low, high, 0xDD)));
}

#elif defined(__aarch64__)
#include <arm_neon.h>
typedef float32x4x4_t vf;
#define VF_EACH(expression) \
    vf r;                   \
    for (int i = 0; i < 4; i++) r.val[i] = (expression); \
    return r
static inline vf vf_load(const float *p) { VF_EACH(vld1q_f32(p + 4 * i)); }
static inline void vf_store(float *p, vf x) {
    for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, x.val[i]);
}
static inline vf vf_set(float x) { VF_EACH(vdupq_n_f32(x)); }
static inline vf vf_add(vf x, vf y) { VF_EACH(vaddq_f32(x.val[i], y.val[i])); }
static inline vf vf_sub(vf x, vf y) { VF_EACH(vsubq_f32(x.val[i], y.val[i])); }
static inline vf vf_mul(vf x, vf y) { VF_EACH(vmulq_f32(x.val[i], y.val[i])); }
static inline vf vf_max(vf x, vf y) { VF_EACH(vmaxq_f32(x.val[i], y.val[i])); }
static inline vf vf_fma(vf x, vf y, vf z) { VF_EACH(vfmaq_f32(z.val[i], x.val[i], y.val[i])); }
static inline vf vf_load_half(const uint16_t *p) {
    VF_EACH(vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i))));
}
static inline vf vf_set_half(const uint8_t *p) {
    uint16_t half;
    memcpy(&half, p, 2);
    const float32x4_t x = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(half)));
    return (vf){{x, x, x, x}};
}
static inline vf vf_load_i8(const int8_t *p) {
    const int8x16_t x = vld1q_s8(p);
    const int16x8_t low = vmovl_s8(vget_low_s8(x)), high = vmovl_s8(vget_high_s8(x));
    return (vf){{vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))),
                 vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)))}};
}
static inline vf vf_scale_exponent(vf p, vf t) {
    VF_EACH(vreinterpretq_f32_s32(
        vaddq_s32(vreinterpretq_s32_f32(p.val[i]), vshlq_n_s32(vreinterpretq_s32_f32(t.val[i]), 23))));
}
static inline void vf_transpose(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 16; j += 4) {
            const float *p = in + i * in_stride + j;
            const float32x4x2_t ab = vtrnq_f32(vld1q_f32(p), vld1q_f32(p + in_stride));
            const float32x4x2_t cd = vtrnq_f32(vld1q_f32(p + 2 * in_stride), vld1q_f32(p + 3 * in_stride));
            float *o = out + j * out_stride + i;
            vst1q_f32(o, vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0])));
            vst1q_f32(o + out_stride, vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1])));
            vst1q_f32(o + 2 * out_stride, vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0])));
            vst1q_f32(o + 3 * out_stride, vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1])));
        }
}
static inline vf vf_max_by_4(vf x) {
    const float32x4_t m = vmaxq_f32(vmaxq_f32(x.val[0], x.val[2]), vmaxq_f32(x.val[1], x.val[3]));
    return (vf){{m, m, m, m}};
}
static inline float32x4_t quarter_sum(vf x) {
    return vaddq_f32(vaddq_f32(x.val[0], x.val[2]), vaddq_f32(x.val[1], x.val[3]));
}
static inline vf vf_add_by_4(vf x) {
    const float32x4_t m = quarter_sum(x);
    return (vf){{m, m, m, m}};
}
static inline float32x4_t add_pairs(vf a, vf b) {
    const float32x4_t x = quarter_sum(a), y = quarter_sum(b);
    return vaddq_f32(vcombine_f32(vget_low_f32(x), vget_low_f32(y)), vcombine_f32(vget_high_f32(x), vget_high_f32(y)));
}
static inline void vf_sum_4(vf a, vf b, vf c, vf d, float *out) {
    vst1q_f32(out, vpaddq_f32(add_pairs(a, b), add_pairs(c, d)));
}

#else
typedef struct {
    float v[16];
} vf;
#define VF_EACH(expression)                            \
    vf r;                                              \
    for (int i = 0; i < 16; i++) r.v[i] = (expression); \
    return r
static inline float bits_to_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, 4);
    return f;
}
static inline uint32_t float_to_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return bits;
}
static inline float half_to_float(uint16_t h) {
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
    if (exponent == 31) return bits_to_float(sign | 0x7F800000 | mantissa << 13);
    if (exponent) return bits_to_float(sign | (exponent + 112) << 23 | mantissa << 13);
    const float tiny = (float)mantissa * 0x1p-24f;  // subnormal
    return sign ? -tiny : tiny;
}
static inline vf vf_load(const float *p) { VF_EACH(p[i]); }
static inline void vf_store(float *p, vf x) { memcpy(p, x.v, sizeof x.v); }
static inline vf vf_set(float x) { VF_EACH(x); }
static inline vf vf_add(vf x, vf y) { VF_EACH(x.v[i] + y.v[i]); }
static inline vf vf_sub(vf x, vf y) { VF_EACH(x.v[i] - y.v[i]); }
static inline vf vf_mul(vf x, vf y) { VF_EACH(x.v[i] * y.v[i]); }
static inline vf vf_max(vf x, vf y) { VF_EACH(x.v[i] > y.v[i] ? x.v[i] : y.v[i]); }
static inline vf vf_fma(vf x, vf y, vf z) { VF_EACH(fmaf(x.v[i], y.v[i], z.v[i])); }
static inline vf vf_load_half(const uint16_t *p) { VF_EACH(half_to_float(p[i])); }
static inline vf vf_set_half(const uint8_t *p) {
    uint16_t half;
    memcpy(&half, p, 2);
    VF_EACH(half_to_float(half));
}
static inline vf vf_load_i8(const int8_t *p) { VF_EACH((float)p[i]); }
static inline vf vf_scale_exponent(vf p, vf t) {
    VF_EACH(bits_to_float(float_to_bits(p.v[i]) + (float_to_bits(t.v[i]) << 23)));
}
static inline void vf_transpose(const float *in, int64_t in_stride, float *out, int64_t out_stride) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) out[j * out_stride + i] = in[i * in_stride + j];
}
static inline float larger(float x, float y) { return x > y ? x : y; }
static inline vf vf_max_by_4(vf x) {
    VF_EACH(larger(larger(x.v[i % 4], x.v[i % 4 + 8]), larger(x.v[i % 4 + 4], x.v[i % 4 + 12])));
}
static inline vf vf_add_by_4(vf x) {
    VF_EACH((x.v[i % 4] + x.v[i % 4 + 8]) + (x.v[i % 4 + 4] + x.v[i % 4 + 12]));
}
#endif

static inline float vf_sum(vf x) {
    float v[16];
    vf_store(v, x);
    for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; j++) v[j] += v[j + width];
    return v[0];
}

static inline float vf_largest(vf x) {
    float v[16];
    vf_store(v, x);
    for (int width = 8; width > 0; width /= 2)
        for (int j = 0; j < width; j++) v[j] = v[j] > v[j + width] ? v[j] : v[j + width];
    return v[0];
}

#if !defined(__AVX512F__) && !defined(__AVX2__) && !defined(__aarch64__)
static inline void vf_sum_4(vf a, vf b, vf c, vf d, float *out) {
    out[0] = vf_sum(a);
    out[1] = vf_sum(b);
    out[2] = vf_sum(c);
    out[3] = vf_sum(d);
}
#endif

// e^x for x <= 0, within 2 ulp; below -87 it stays at e^-87. x = n ln 2 + r, |r| <= ln 2 / 2: a Taylor
// polynomial in r, then n goes into the exponent. Adding 1.5 * 2^23 rounds to n and leaves it in the low bits.
static inline vf vf_exp(vf x) {
    const vf magic = vf_set(12582912.0f);
    x = vf_max(x, vf_set(-87.0f));
    const vf t = vf_fma(x, vf_set(1.44269504f), magic);
    const vf n = vf_sub(t, magic);
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    r = vf_fma(n, vf_set(2.12194440e-4f), r);
    vf p = vf_set(1.0f / 5040);
    p = vf_fma(p, r, vf_set(1.0f / 720));
    p = vf_fma(p, r, vf_set(1.0f / 120));
    p = vf_fma(p, r, vf_set(1.0f / 24));
    p = vf_fma(p, r, vf_set(1.0f / 6));
    p = vf_fma(p, r, vf_set(0.5f));
    p = vf_fma(p, r, vf_set(1.0f));
    p = vf_fma(p, r, vf_set(1.0f));
    return vf_scale_exponent(p, t);
}

#endif
