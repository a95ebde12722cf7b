// Sharing work among threads without a barrier, and the few compiler-specific words.
#ifndef TERN_THREADS_H
#define TERN_THREADS_H

#include <stdint.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define TERN_ALIGNED(n) __declspec(align(n))
static inline int32_t fetch_add(int32_t *p) { return (int32_t)_InterlockedIncrement((volatile long *)p) - 1; }
static inline void put(int32_t *p, int32_t v) { *(volatile int32_t *)p = v; }
static inline void add_statistic(int64_t *p, int64_t v) { _InterlockedExchangeAdd64((volatile long long *)p, v); }
static inline void prefetch_l2(const void *p) {
#if defined(_M_X64)
    _mm_prefetch((const char *)p, _MM_HINT_T1);
#else
    __prefetch(p);
#endif
}
#else
#define TERN_ALIGNED(n) __attribute__((aligned(n)))
static inline int32_t fetch_add(int32_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
static inline void put(int32_t *p, int32_t v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static inline void add_statistic(int64_t *p, int64_t v) { __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
static inline void prefetch_l2(const void *p) { __builtin_prefetch(p, 0, 2); }
#endif

// The next unit, or -1 when none is left. Each of the nth threads overshoots exactly once; the last
// to do so sets the counter back to zero for the next call, which ggml's barrier separates from
// this one.
static inline int32_t take_unit(int32_t *next, int32_t n_units, int nth) {
    const int32_t i = fetch_add(next);
    if (i < n_units) return i;
    if (i == n_units + nth - 1) put(next, 0);
    return -1;
}

#endif
