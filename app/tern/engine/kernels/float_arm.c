// The float work (attention, output head) for one instruction set; the code is in the two headers.
#define ATTEND attend_neon
#define DOT_ROWS dot_rows_neon
#include "float_kernels.h"

#include "attention_ops.h"
#include "head_ops.h"

const struct float_kernel tern_float_neon = {ATTEND, DOT_ROWS};
