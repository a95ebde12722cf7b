// The few words that each compiler says otherwise, and prefetching.
#ifndef TERN_COMPILER_H
#define TERN_COMPILER_H

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define TERN_ALIGNED(n) __declspec(align(n))
#define INLINE __forceinline
#else
#define TERN_ALIGNED(n) __attribute__((aligned(n)))
#define INLINE inline __attribute__((always_inline))
#endif

// Before a loop of few, known passes whose variables are registers. Clang takes a count for the most copies it may make,
// and then makes none of a loop whose length it learns later.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 32")
#else
#define UNROLL
#endif

// Into the first-level cache, or the second. Apple's processors follow streams and strides on their own, and a prefetch
// there takes the place of a load.
#if defined(__APPLE__) && defined(__aarch64__)
static inline void prefetch_l1(const void *p) { (void)p; }
static inline void prefetch_l2(const void *p) { (void)p; }
#elif defined(__GNUC__)
static inline void prefetch_l1(const void *p) { __builtin_prefetch(p, 0, 3); }
static inline void prefetch_l2(const void *p) { __builtin_prefetch(p, 0, 2); }
#elif defined(_M_X64)
static inline void prefetch_l1(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T0); }
static inline void prefetch_l2(const void *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }
#else
static inline void prefetch_l1(const void *p) { __prefetch(p); }
static inline void prefetch_l2(const void *p) { __prefetch(p); }
#endif

#endif
