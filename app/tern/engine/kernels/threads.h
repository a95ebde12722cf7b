// Sharing work among threads without a barrier.
#ifndef TERN_THREADS_H
#define TERN_THREADS_H

#include <stdint.h>

#if defined(__APPLE__)
#include <pthread.h>
#endif

#include "compiler.h"

#if defined(_MSC_VER) && !defined(__clang__)
static inline int32_t fetch_add(int32_t *p) { return (int32_t)_InterlockedIncrement((volatile long *)p) - 1; }
// As fetch_add; what every thread wrote before its own call is there for the one that finds all others counted.
static inline int32_t arrive(int32_t *p) { return fetch_add(p); }
static inline void put(int32_t *p, int32_t v) { *(volatile int32_t *)p = v; }
static inline int32_t get(const int32_t *p) { return *(const volatile int32_t *)p; }
static inline int compare_exchange(int32_t *p, int32_t *expected, int32_t v) {
    const int32_t seen = (int32_t)_InterlockedCompareExchange((volatile long *)p, v, *expected);
    const int same = seen == *expected;
    *expected = seen;
    return same;
}
static inline void add_statistic(int64_t *p, int64_t v) { _InterlockedExchangeAdd64((volatile long long *)p, v); }
#else
static inline int32_t fetch_add(int32_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
static inline int32_t arrive(int32_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_ACQ_REL); }
static inline void put(int32_t *p, int32_t v) { __atomic_store_n(p, v, __ATOMIC_RELAXED); }
static inline int32_t get(const int32_t *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }
static inline int compare_exchange(int32_t *p, int32_t *expected, int32_t v) {
    return __atomic_compare_exchange_n(p, expected, v, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}
static inline void add_statistic(int64_t *p, int64_t v) { __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
#endif

// macOS puts threads on efficiency cores unless they ask otherwise, and one slow thread makes all others wait. The threads
// are ggml's, so each asks when it first computes.
#if defined(__APPLE__)
static inline void prefer_fast_cores(void) {
    static _Thread_local int asked;
    if (!asked) pthread_set_qos_class_self_np(QOS_CLASS_USER_INTERACTIVE, 0);
    asked = 1;
}
#else
static inline void prefer_fast_cores(void) {}
#endif

// The next run of units [first, end); first = -1 when none is left. Runs shrink as the work does: the
// first are long, because memory streams fastest in one piece, the last are single units, so that all
// threads finish together. Each of the nth threads overshoots exactly once; the last to do so sets
// the counter back to zero for the next call, which ggml's barrier separates from this one.
struct run {
    int32_t first, end;
};

static inline struct run take_run(int32_t *next, int32_t n_units, int nth) {
    for (int32_t at = get(next); at < n_units;) {
        const int32_t share = (n_units - at) / (2 * nth), end = at + (share > 1 ? share : 1);
        if (compare_exchange(next, &at, end)) return (struct run){at, end};
    }
    if (fetch_add(next) == n_units + nth - 1) put(next, 0);
    return (struct run){-1, -1};
}

#endif
