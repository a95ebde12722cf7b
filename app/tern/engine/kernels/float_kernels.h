// The float work of one instruction set.
#ifndef TERN_FLOAT_KERNELS_H
#define TERN_FLOAT_KERNELS_H

#include "attention.h"
#include "coarse.h"
#include "head.h"
#include "layout.h"

struct float_kernel {
    attend_fn *attend;
    attend_one_fn *attend_one;
    dot_rows_fn *dot_rows;
    row_to_floats_fn *row_to_floats;
    coarse_rows_fn *coarse_rows;
};

// That of the instruction set in use.
static inline const struct float_kernel *active_float_kernel(void) { return tern_active_kernel()->floats; }

#endif
