// The float work (attention, output head) for one instruction set; the code is in the headers.
#define ATTEND attend_avx512
#define ATTEND_ONE attend_one_avx512
#define DOT_ROWS dot_rows_avx512
#define ROW_TO_FLOATS row_to_floats_avx512
#define COARSE_ROWS coarse_rows_avx512
#include "float_kernels.h"

#include "attention_decode.h"
#include "attention_ops.h"
#include "coarse_ops.h"
#include "head_ops.h"

const struct float_kernel tern_float_avx512 = {ATTEND, ATTEND_ONE, DOT_ROWS, ROW_TO_FLOATS, COARSE_ROWS};
