// What the drivers share: numbers that are the same for the same seed, and memory of exactly the size asked for.
#ifndef TERN_TEST_RANDOM_H
#define TERN_TEST_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static uint64_t state;

static inline uint32_t random32(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

static inline int32_t between(int32_t low, int32_t high) { return low + (int32_t)(random32() % (uint32_t)(high - low + 1)); }

static inline void *take(int64_t bytes) {
    void *p = malloc((size_t)bytes);
    if (!p) abort();
    return p;
}

#endif
