// The ops of the two-stage output head (coarse.h has the reasoning):
//   coarse         every row's upper bound, and each thread's best rows
//   coarse_exact   exact logits of the best rows of all threads
//   coarse_select  exact logits of every row whose upper bound reaches the wanted-best of those
#include "coarse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

#include "float_kernels.h"
#include "ggml_tensor.h"
#include "threads.h"

enum { UNIT_COARSE = 64 };  // rows in a unit of work

static int64_t exact_row_bytes(const struct tern_coarse_args *a) { return (int64_t)a->n * (a->type == GGML_TYPE_F16 ? 2 : 4); }

// ---- building the coarse copy ----
void tern_coarse_build(const uint8_t *weights, int32_t type, int32_t n, int32_t first, int32_t end, const float *dither,
                       const float *direction, uint8_t *rows, float *step, float *along, float *reach) {
    float w[MAX_COARSE_N], unit[MAX_COARSE_N];
    const struct float_kernel *k = active_float_kernel();
    for (int32_t r = first; r < end; r++) {
        k->row_to_floats(weights + (int64_t)r * n * (type == GGML_TYPE_F16 ? 2 : 4), type, n, w);
        float largest = 0.0f;
        double sum = 0.0;
        for (int32_t i = 0; i < n; i++) sum += (double)w[i] * (double)direction[i];
        along[r] = (float)sum;
        for (int32_t i = 0; i < n; i++) {
            w[i] -= along[r] * direction[i];
            largest = fabsf(w[i]) > largest ? fabsf(w[i]) : largest;
        }
        const float d = largest / 7.49f, inverse = largest > 0.0f ? 1.0f / d : 0.0f;
        for (int32_t i = 0; i < n; i++) unit[i] = w[i] * inverse - dither[i] - 0.5f;
        step[r] = d;
        double squares = 0.0;
        uint8_t *row = rows + (int64_t)r * (n / 2);
        for (int32_t i = 0; i < n; i += 128)
            for (int32_t j = 0; j < 64; j++) {
                const int32_t a = (int32_t)rintf(unit[i + j]) + 8;
                const int32_t b = (int32_t)rintf(unit[i + j + 64]) + 8;
                row[i / 2 + j] = (uint8_t)(a | b << 4);
                const double wa = (double)dither[i + j] + a - COARSE_ZERO;
                const double wb = (double)dither[i + j + 64] + b - COARSE_ZERO;
                squares += wa * wa + wb * wb;
            }
        reach[r] = (float)(sqrt(squares) * (1.0 + 1e-6));
    }
}

// ---- activations as integers ----
struct activations {
    TERN_ALIGNED(64) int8_t high[MAX_COARSE_N];
    TERN_ALIGNED(64) int8_t low[MAX_COARSE_N];
    int32_t in_bytes;  // X = high; else X = 128 high + low
    float along;   // how far x goes along the direction; the rest below is of what remains of x
    float scale;   // X * scale stands for x
    float offset;  // sum of (dither - 7.5) X: what every row adds to sum of u X
    float bound;   // times the row's step: how far its coarse logit can be off
    float slack;   // times the size of the row's part along the direction: what float rounding can do to that part
};

// Uniform in [0, 1): the same for ever, of nothing but i.
static float threshold(int32_t i) {
    uint32_t h = (uint32_t)i * 0x9E3779B9u + 0x7F4A7C15u;
    h = (h ^ h >> 16) * 0x21F0AAADu;
    h = (h ^ h >> 15) * 0x735A2D97u;
    h ^= h >> 15;
    return (float)(h >> 8) * 0x1p-24f;
}

static void quantize_activations(const struct tern_coarse_args *a, const float *x, struct activations *out) {
    float rest[MAX_COARSE_N], largest = 0.0f;
    double along = 0.0, squares = 0.0, offset = 0.0, rounding = 0.0, magnitude = 0.0;
    for (int32_t i = 0; i < a->n; i++) along += (double)a->direction[i] * (double)x[i];
    out->along = (float)along;
    for (int32_t i = 0; i < a->n; i++) {
        const float part = out->along * a->direction[i];
        rest[i] = x[i] - part;
        magnitude += fabs((double)x[i]) + fabs((double)part);
        largest = fabsf(rest[i]) > largest ? fabsf(rest[i]) : largest;
        squares += (double)rest[i] * (double)rest[i];
    }
    const double byte = (double)largest / X_BYTE, wider = 3.0 * byte * byte * a->largest_reach * a->largest_reach;
    out->in_bytes = largest > 0.0f && wider <= COARSE_WIDER * squares;
    const float scale = largest > 0.0f ? largest / (float)(out->in_bytes ? X_BYTE : X_LIMIT) : 1.0f;
    const float inverse = 1.0f / scale;
    for (int32_t i = 0; i < a->n; i++) {
        int32_t v;
        if (out->in_bytes) {
            v = (int32_t)floorf(rest[i] * inverse + threshold(i));
            v = v > X_BYTE ? X_BYTE : v < -X_BYTE ? -X_BYTE : v;
            out->high[i] = (int8_t)v;
            offset += ((double)a->dither[i] - COARSE_ZERO) * v;
            continue;
        }
        v = (int32_t)rintf(rest[i] * inverse);
        v = v > X_LIMIT ? X_LIMIT : v < -X_LIMIT ? -X_LIMIT : v;
        const int32_t high = (v + 64) >> 7;  // low = v - 128 high lies in [-64, 63]
        out->high[i] = (int8_t)high;
        out->low[i] = (int8_t)(v - high * X_HIGH);
        offset += ((double)a->dither[i] - COARSE_ZERO) * v;
        rounding += fabs((double)rest[i] - (double)scale * v);
    }
    out->scale = scale;
    out->offset = (float)offset;
    out->slack = (float)(1e-6 * (fabs(along) + sqrt(squares)));
    // The dither's bound, what rounding x can do at most (codes stay within 8 steps), and float rounding of the sums.
    const double proxy = squares + (out->in_bytes ? wider : 0.0);
    out->bound = (float)(COARSE_BOUND * sqrt(proxy) + 8.0 * rounding + 8e-6 * (largest * (double)a->n + magnitude));
}

// ---- each thread's best rows: a heap with the worst on top ----
static int worse(struct tern_coarse_best a, struct tern_coarse_best b) {
    return a.value < b.value || (a.value == b.value && a.id > b.id);
}

static void sift_down(struct tern_coarse_best *heap, int32_t count, int32_t i) {
    const struct tern_coarse_best item = heap[i];
    for (int32_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && worse(heap[child + 1], heap[child])) child++;
        if (!worse(heap[child], item)) break;
        heap[i] = heap[child];
    }
    heap[i] = item;
}

void tern_op_coarse(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    struct tern_coarse_args *a = userdata;
    const struct float_kernel *k = active_float_kernel();
    struct activations x;
    quantize_activations(a, dst->src[0]->data, &x);
    float *upper = dst->data;
    struct tern_coarse_best *best = a->best + (int64_t)ith * TERN_COARSE_BEST;
    for (int32_t i = 0; i < TERN_COARSE_BEST; i++) best[i] = (struct tern_coarse_best){-INFINITY, INT32_MAX};
    const int32_t n_units = (a->n_vocab + UNIT_COARSE - 1) / UNIT_COARSE;
    for (struct run run; (run = take_run(&a->next, n_units, nth)).first >= 0;)
        for (int32_t u = run.first; u < run.end; u++) {
            int32_t acc[UNIT_COARSE];
            const int32_t first = u * UNIT_COARSE;
            const int32_t count = a->n_vocab - first < UNIT_COARSE ? a->n_vocab - first : UNIT_COARSE;
            k->coarse_rows(a->rows + (int64_t)first * (a->n / 2), count, x.high, x.in_bytes ? NULL : x.low, a->n, acc);
            for (int32_t i = 0; i < count; i++) {
                const float coarse = a->step[first + i] * (x.scale * ((float)acc[i] + x.offset));
                const float value = a->along[first + i] * x.along + coarse;
                upper[first + i] = value + a->step[first + i] * x.bound + fabsf(a->along[first + i]) * x.slack;
                const struct tern_coarse_best item = {value, first + i};
                if (worse(best[0], item)) {
                    best[0] = item;
                    sift_down(best, TERN_COARSE_BEST, 0);
                }
            }
        }
    if (ith == 0) {
        a->n_threads = nth;
        a->count = a->kept = 0;
    }
}

// Rows are read from the file rather than through its mapping: a page fault maps 16 pages around the one that is
// needed, so that scattered rows would soon make the whole matrix resident.
static float exact_logit(const struct tern_coarse_args *a, const struct float_kernel *k, int32_t id, const float *x) {
    const int64_t bytes = exact_row_bytes(a);
    const uint8_t *row = a->weights + id * bytes;
    float logit;
#if !defined(_WIN32)
    TERN_ALIGNED(64) uint8_t copy[MAX_COARSE_N * 4];
    if (a->file >= 0 && pread(a->file, copy, (size_t)bytes, (off_t)(a->file_offset + id * bytes)) == bytes) row = copy;
#endif
    k->dot_rows(row, bytes, a->type, 1, x, a->n, 1, a->n, &logit, 1);
    return logit;
}

// dst i32 [2 * TERN_COARSE_BEST]: id, then the bits of its exact logit.
void tern_op_coarse_exact(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    const struct tern_coarse_args *a = userdata;
    const struct float_kernel *k = active_float_kernel();
    struct tern_coarse_best best[TERN_COARSE_BEST];
    memcpy(best, a->best, sizeof best);
    for (int32_t t = 1; t < a->n_threads; t++)
        for (int32_t i = 0; i < TERN_COARSE_BEST; i++) {
            const struct tern_coarse_best item = a->best[(int64_t)t * TERN_COARSE_BEST + i];
            if (worse(best[0], item)) {
                best[0] = item;
                sift_down(best, TERN_COARSE_BEST, 0);
            }
        }
    // Every thread has found the same set, though not in the same order; each id is computed by one of them, and
    // its place is its rank by id.
    int32_t *out = dst->data;
    for (int32_t i = 0; i < TERN_COARSE_BEST; i++) {
        int32_t rank = 0;
        for (int32_t j = 0; j < TERN_COARSE_BEST; j++) rank += best[j].id < best[i].id || (best[j].id == best[i].id && j < i);
        if (rank % nth != ith) continue;
        const float logit = best[i].id < a->n_vocab ? exact_logit(a, k, best[i].id, dst->src[1]->data) : -INFINITY;
        out[2 * rank] = best[i].id;
        memcpy(out + 2 * rank + 1, &logit, sizeof logit);
    }
}

static int by_id(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

// dst i32 [2 * capacity]: the rows that reach the threshold, id and the bits of its exact logit, by id. Threads append them as they find them; the last to arrive puts them in order.
void tern_op_coarse_select(struct ggml_tensor *dst, int ith, int nth, void *userdata) {
    struct tern_coarse_args *a = userdata;
    const struct float_kernel *k = active_float_kernel();
    const float *upper = dst->src[0]->data, *x = dst->src[2]->data;
    const int32_t *best = dst->src[1]->data;
    // The wanted-th largest exact logit of the best rows: at least `wanted` rows of the vocabulary reach it.
    float threshold = -INFINITY;
    for (int32_t i = 0; i < TERN_COARSE_BEST; i++) {
        float logit;
        int32_t larger = 0;
        memcpy(&logit, best + 2 * i + 1, sizeof logit);
        for (int32_t j = 0; j < TERN_COARSE_BEST; j++) {
            float other;
            memcpy(&other, best + 2 * j + 1, sizeof other);
            larger += other > logit || (other == logit && j < i);
        }
        if (larger == a->wanted - 1) threshold = logit;
    }
    int32_t *out = dst->data;
    const int32_t share = (a->n_vocab + nth - 1) / nth, from = ith * share;
    const int32_t to = from + share < a->n_vocab ? from + share : a->n_vocab;
    for (int32_t id = from; id < to; id++) {
        if (!(upper[id] >= threshold)) continue;
        int32_t at = fetch_add(&a->count);
        if (at >= a->capacity) continue;
        const float logit = exact_logit(a, k, id, x);
        if (logit < threshold) continue;  // the bound left it open, its logit does not
        at = fetch_add(&a->kept);
        out[2 * at] = id;
        memcpy(out + 2 * at + 1, &logit, sizeof logit);
    }
    if (arrive(&a->arrived) == nth - 1) {
        qsort(out, (size_t)a->kept, 2 * sizeof *out, by_id);
        a->arrived = 0;
    }
}
