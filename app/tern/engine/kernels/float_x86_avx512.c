// The float work (attention, output head) for one instruction set; the code is in the two headers.
#define ATTEND attend_avx512
#define DOT_ROWS dot_rows_avx512
#include "float_kernels.h"

#include "attention_ops.h"
#include "head_ops.h"

const struct float_kernel tern_float_avx512 = {ATTEND, DOT_ROWS};
