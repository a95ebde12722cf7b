// Attention for one instruction set; the code is attention_ops.h.
#define ATTEND tern_attend_avx2
#include "attention_ops.h"
