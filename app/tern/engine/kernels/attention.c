// The attention ops: they read tensors, share the work among ggml's threads and call the active instruction set.
#include <math.h>
#include <string.h>

#include "float_kernels.h"
#include "ggml_tensor.h"
#include "threads.h"

static int32_t min32(int32_t a, int32_t b) { return a < b ? a : b; }

int64_t tern_attention_partial_floats(int32_t head_dim) { return head_dim + PARTIAL_EXTRA; }

// What all tasks of one op share.
static struct attend_task base_task(const struct ggml_tensor *dst, const struct tern_attention_args *a, int32_t group,
                                    int32_t first, int32_t tokens, int32_t past) {
    const struct ggml_tensor *q = dst->src[0], *k = dst->src[1], *v = dst->src[2];
    const int32_t n_shared = a->n_heads / a->n_kv_heads;
    const int64_t head_bytes = (int64_t)k->nb[1] / a->n_kv_heads;
    return (struct attend_task){
        .q = (const float *)q->data + ((int64_t)first * a->n_heads + (int64_t)group * n_shared) * a->head_dim,
        .q_stride = (int64_t)a->n_heads * a->head_dim,
        .k = (const uint8_t *)k->data + group * head_bytes,
        .v = (const uint8_t *)v->data + group * head_bytes,
        .row_bytes = (int64_t)k->nb[1],
        .head_bytes = head_bytes,
        .type = (int32_t)k->type,
        .head_dim = a->head_dim,
        .n_shared = n_shared,
        .n_tokens = tokens,
        .first_position = past + first,
        .end = past + first + tokens,
        .scale = a->scale,
        .out = (float *)dst->data + first * (int64_t)(dst->nb[1] / sizeof(float)),
        .out_stride = (int64_t)(dst->nb[1] / sizeof(float)),
    };
}

// Few tokens: every thread takes a stretch of the positions, chunk by chunk, and in each chunk all the heads, so that
// the cache streams through in memory's order. Partial results: [token][chunk][head].
static void attend_split(struct ggml_tensor *dst, const struct tern_attention_args *a, int ith, int nth, int32_t past) {
    const int32_t n_tokens = (int32_t)dst->ne[1], n_shared = a->n_heads / a->n_kv_heads;
    const int32_t block = MAX_QUERIES / n_shared, n_chunks = (past + n_tokens + a->chunk - 1) / a->chunk;
    const int32_t begin = n_chunks * ith / nth, end = n_chunks * (ith + 1) / nth;
    for (int32_t chunk = begin; chunk < end; chunk++)
        for (int32_t group = 0; group < a->n_kv_heads; group++)
            for (int32_t first = 0; first < n_tokens; first += block) {
                struct attend_task task = base_task(dst, a, group, first, min32(block, n_tokens - first), past);
                const int32_t seen = task.end;
                task.first = min32(chunk * a->chunk, seen);
                task.end = min32(task.first + a->chunk, seen);
                task.partial = 1;
                task.row_stride = tern_attention_partial_floats(a->head_dim);
                task.out += ((int64_t)chunk * a->n_heads + (int64_t)group * n_shared) * task.row_stride;
                task.cold = chunk == begin && group == 0;
                if (chunk + 1 < end && first == 0) {
                    const int64_t next = (int64_t)(chunk + 1) * a->chunk * task.row_bytes;
                    const int64_t share = (int64_t)group * a->chunk * task.head_bytes;
                    task.next_k = (const uint8_t *)dst->src[1]->data + next + share;
                    task.next_v = (const uint8_t *)dst->src[2]->data + next + share;
                }
                active_float_kernel()->attend(&task);
            }
}

// Many tokens: a task is a group of heads and a block of tokens. The last tokens see the most positions, so they go
// first and the threads finish together.
static void attend_whole(struct ggml_tensor *dst, struct tern_attention_args *a, int nth, int32_t past) {
    const int32_t n_tokens = (int32_t)dst->ne[1], n_shared = a->n_heads / a->n_kv_heads;
    const int32_t block = MAX_QUERIES / n_shared, n_blocks = (n_tokens + block - 1) / block;
    for (int32_t index; (index = fetch_add(&a->next)) < a->n_kv_heads * n_blocks;) {
        const int32_t group = index % a->n_kv_heads, first = (n_blocks - 1 - index / a->n_kv_heads) * block;
        struct attend_task task = base_task(dst, a, group, first, min32(block, n_tokens - first), past);
        task.row_stride = a->head_dim;
        task.out += (int64_t)group * n_shared * a->head_dim;
        task.cold = 1;
        active_float_kernel()->attend(&task);
    }
    // Every thread overshoots once; the last to do so sets the counter back for the next call.
    if (fetch_add(&a->done) == nth - 1) {
        put(&a->done, 0);
        put(&a->next, 0);
    }
}

static int one_token(const struct ggml_tensor *dst, const struct tern_attention_args *a) {
    return dst->ne[1] == 1 && a->head_dim % 16 == 0;
}

// One token: the positions are cut into pieces of equal length. Their number follows from the length alone, so that
// results do not depend on the threads, which take them in runs.
static int32_t n_pieces(const struct ggml_tensor *partials, const struct tern_attention_args *a, int32_t positions) {
    const int32_t fours = (positions + 4 * LEAST_PIECE - 1) / (4 * LEAST_PIECE);
    const int64_t room = partials->ne[0] / (a->n_heads * tern_attention_partial_floats(a->head_dim));
    return min32(4 * min32(fours, MOST_PIECES / 4), (int32_t)room);
}

static void attend_pieces(struct ggml_tensor *dst, struct tern_attention_args *a, int nth, int32_t past) {
    const struct attend_task whole = base_task(dst, a, 0, 0, 1, past);
    const int32_t pieces = n_pieces(dst, a, past + 1);
    struct attend_one_task task = {
        .q = whole.q,
        .k = whole.k,
        .v = whole.v,
        .row_bytes = whole.row_bytes,
        .head_bytes = whole.head_bytes,
        .type = whole.type,
        .head_dim = a->head_dim,
        .n_shared = whole.n_shared,
        .n_kv_heads = a->n_kv_heads,
        .positions = past + 1,
        .pieces = pieces,
        .scale = a->scale,
        .out = whole.out,
    };
    for (struct run run; (run = take_run(&a->next, pieces, nth)).first >= 0;) {
        task.first_piece = run.first;
        task.end_piece = run.end;
        active_float_kernel()->attend_one(&task);
    }
}

void tern_op_attention(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    struct tern_attention_args *a = userdata;
    const int32_t past = *(const int32_t *)dst->src[3]->data;
    if (a->chunk && one_token(dst, a))
        attend_pieces(dst, a, nth, past);
    else if (a->chunk)
        attend_split(dst, a, ith, nth, past);
    else
        attend_whole(dst, a, nth, past);
}

// Joins the partial results of a token's chunks, in their order: [n_heads * head_dim, T].
void tern_op_attention_merge(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    const struct tern_attention_args *a = userdata;
    const struct ggml_tensor *partials = dst->src[0];
    const int32_t n_tokens = (int32_t)dst->ne[1], past = *(const int32_t *)dst->src[1]->data;
    const int32_t n_chunks = one_token(dst, a) ? n_pieces(partials, a, past + 1)
                                               : (past + n_tokens + a->chunk - 1) / a->chunk;
    const int32_t dim = a->head_dim;
    const int64_t partial = tern_attention_partial_floats(dim);
    for (int32_t i = ith; i < n_tokens * a->n_heads; i += nth) {
        const int32_t token = i / a->n_heads, head = i % a->n_heads;
        const float *from = (const float *)partials->data + token * (int64_t)(partials->nb[1] / sizeof(float)) +
                            head * partial;
        const int64_t step = partial * a->n_heads;
        float *out = (float *)dst->data + token * (int64_t)(dst->nb[1] / sizeof(float)) + (int64_t)head * dim;
        float largest = -INFINITY, sum = 0.0f;
        for (int32_t c = 0; c < n_chunks; c++) largest = from[c * step] > largest ? from[c * step] : largest;
        memset(out, 0, (size_t)dim * sizeof *out);
        for (int32_t c = 0; c < n_chunks; c++) {
            const float *part = from + c * step;
            if (part[0] == -INFINITY) continue;  // this token sees none of the chunk
            const float factor = expf(part[0] - largest);
            sum += part[1] * factor;
            for (int32_t d = 0; d < dim; d++) out[d] += part[PARTIAL_EXTRA + d] * factor;
        }
        for (int32_t d = 0; d < dim; d++) out[d] /= sum;
    }
}
