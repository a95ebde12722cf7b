// The float work of one instruction set, and the choice of the one in use.
#ifndef TERN_FLOAT_KERNELS_H
#define TERN_FLOAT_KERNELS_H

#include "attention.h"
#include "coarse.h"
#include "head.h"

struct float_kernel {
    attend_fn *attend;
    attend_one_fn *attend_one;
    dot_rows_fn *dot_rows;
    row_to_floats_fn *row_to_floats;
    coarse_rows_fn *coarse_rows;
};

extern const struct float_kernel tern_float_scalar;
#if defined(__x86_64__) || defined(_M_X64)
extern const struct float_kernel tern_float_avx2, tern_float_avx512;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const struct float_kernel tern_float_neon;
#endif

// Follows the integer kernels' choice (kernels.c).
const struct float_kernel *tern_active_float_kernel(void);

#endif
