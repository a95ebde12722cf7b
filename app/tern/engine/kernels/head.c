// The output head op: every logit of every token.
#include "float_kernels.h"
#include "ggml_tensor.h"
#include "threads.h"

enum { UNIT_LOGITS = 64 };  // rows in a unit of work

void tern_op_head(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    (void)ith;
    struct tern_head_args *a = userdata;
    const struct ggml_tensor *x = dst->src[0];
    const struct float_kernel *k = active_float_kernel();
    const int32_t n_out = (int32_t)dst->ne[0], n_tokens = (int32_t)dst->ne[1];
    const int64_t row_bytes = (int64_t)a->n * (a->type == GGML_TYPE_F16 ? 2 : 4);
    const int32_t n_units = (n_out + UNIT_LOGITS - 1) / UNIT_LOGITS;
    for (struct run run; (run = take_run(&a->next, n_units, nth)).first >= 0;) {
        const int32_t first = run.first * UNIT_LOGITS;
        const int32_t end = run.end * UNIT_LOGITS < n_out ? run.end * UNIT_LOGITS : n_out;
        k->dot_rows(a->weights + first * row_bytes, row_bytes, a->type, end - first, x->data,
                    (int64_t)(x->nb[1] / sizeof(float)), n_tokens, a->n, (float *)dst->data + first,
                    (int64_t)(dst->nb[1] / sizeof(float)));
    }
}
