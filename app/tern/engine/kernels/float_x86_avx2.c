// The float work (attention, output head) for one instruction set; the code is in the headers.
#define ATTEND attend_avx2
#define ATTEND_ONE attend_one_avx2
#define DOT_ROWS dot_rows_avx2
#define ROW_TO_FLOATS row_to_floats_avx2
#define COARSE_ROWS coarse_rows_avx2
#include "float_kernels.h"

#include "attention_decode.h"
#include "attention_ops.h"
#include "coarse_ops.h"
#include "head_ops.h"

const struct float_kernel tern_float_avx2 = {ATTEND, ATTEND_ONE, DOT_ROWS, ROW_TO_FLOATS, COARSE_ROWS};
