// Runs attention over random shapes, and the coarse head over random and extreme codes, on every instruction set of this
// CPU and compares each with the scalar version, bit for bit; attention also with a plain computation in doubles. Every buffer has exactly the size the API asks for, so that
// a sanitizer sees the first byte too far. Arguments: seed, rounds. Prints what it ran.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ggml_tensor.h"
#include "random.h"
#include "tern_kernels.h"

enum { CHUNK = 64, Q8_BLOCK = 34 };

static float random_float(void) { return ((float)(random32() % 20001) - 10000.0f) / 5000.0f; }

static uint16_t random_half(void) { return (uint16_t)(random32() % 2 << 15 | (uint32_t)between(8, 16) << 10 | random32() % 1024); }

static double from_half(uint16_t h) {
    const double magnitude = ldexp(1024 + (h & 1023), (h >> 10 & 31) - 25);
    return h >> 15 ? -magnitude : magnitude;
}

static int64_t row_bytes(int type, int32_t n) {
    return type == GGML_TYPE_F16 ? 2 * (int64_t)n : type == GGML_TYPE_Q8_0 ? (int64_t)n / 32 * Q8_BLOCK : 4 * (int64_t)n;
}

static uint8_t *random_cache(int type, int32_t n, int32_t rows) {
    const int64_t bytes = row_bytes(type, n) * rows;
    uint8_t *out = take(bytes);
    if (type == GGML_TYPE_F32)
        for (int64_t i = 0; i < bytes; i += 4) memcpy(out + i, &(float){random_float()}, 4);
    else if (type == GGML_TYPE_F16)
        for (int64_t i = 0; i < bytes; i += 2) memcpy(out + i, &(uint16_t){random_half()}, 2);
    else
        for (int64_t i = 0; i < bytes; i += Q8_BLOCK) {
            const uint16_t scale = (uint16_t)(between(5, 9) << 10 | (int32_t)(random32() % 1024));
            memcpy(out + i, &scale, 2);
            for (int j = 2; j < Q8_BLOCK; j++) out[i + j] = (uint8_t)random32();
        }
    return out;
}

static double cached(const uint8_t *row, int type, int32_t i) {
    uint16_t half;
    float value;
    if (type == GGML_TYPE_F32) return memcpy(&value, row + 4 * i, 4), value;
    if (type == GGML_TYPE_F16) return memcpy(&half, row + 2 * i, 2), from_half(half);
    const uint8_t *block = row + i / 32 * Q8_BLOCK;
    return memcpy(&half, block, 2), from_half(half) * (int8_t)block[2 + i % 32];
}

static struct ggml_tensor tensor(int type, void *data, int64_t bytes, int64_t ne0, int64_t rows) {
    struct ggml_tensor t;
    memset(&t, 0, sizeof t);
    t.type = type;
    t.ne[0] = ne0;
    t.ne[1] = rows;
    t.ne[2] = t.ne[3] = 1;
    t.nb[1] = (size_t)bytes;
    t.data = data;
    return t;
}

struct shape {
    int type;
    int32_t head_dim, n_kv, n_shared, tokens, past;
    float *q;
    uint8_t *k, *v;
};

static struct shape random_shape(void) {
    static const int types[] = {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0}, dims[] = {16, 32, 64, 128, 20, 48, 80, 256};
    struct shape s = {.type = types[random32() % 3], .head_dim = dims[random32() % 8], .n_kv = between(1, 5),
                      .n_shared = between(1, 9), .tokens = random32() % 3 ? 1 : between(2, 20), .past = between(0, 230)};
    if (s.type == GGML_TYPE_Q8_0) s.head_dim = (s.head_dim + 31) / 32 * 32;
    if (s.head_dim > 64) s.past %= 140, s.n_kv = between(1, 2);
    const int32_t width = s.head_dim * s.n_kv, rows = s.past + s.tokens;
    s.q = take(4 * (int64_t)width * s.n_shared * s.tokens);
    for (int64_t i = 0; i < (int64_t)width * s.n_shared * s.tokens; i++) s.q[i] = random_float();
    s.k = random_cache(s.type, width, rows);
    s.v = random_cache(s.type, width, rows);
    return s;
}

static float *attend(const struct shape *s, int nth) {
    const int32_t heads = s->n_kv * s->n_shared, width = s->head_dim * s->n_kv, rows = s->past + s->tokens;
    struct tern_attention_args args = {.n_heads = heads, .n_kv_heads = s->n_kv, .head_dim = s->head_dim,
                                       .chunk = s->tokens <= 16 ? CHUNK : 0, .scale = 1.0f / sqrtf((float)s->head_dim)};
    struct ggml_tensor q = tensor(GGML_TYPE_F32, s->q, 4 * (int64_t)s->head_dim, s->head_dim, heads);
    struct ggml_tensor k = tensor(s->type, s->k, row_bytes(s->type, width), width, rows);
    struct ggml_tensor v = tensor(s->type, s->v, row_bytes(s->type, width), width, rows);
    int32_t positions[20];
    for (int32_t i = 0; i < s->tokens; i++) positions[i] = s->past + i;
    struct ggml_tensor at = tensor(GGML_TYPE_I32, positions, sizeof positions, s->tokens, 1);
    const int64_t floats = args.chunk ? (rows + CHUNK - 1) / CHUNK * heads * tern_attention_partial_floats(s->head_dim)
                                      : (int64_t)heads * s->head_dim;
    float *out = take(4 * floats * s->tokens);
    struct ggml_tensor dst = tensor(GGML_TYPE_F32, out, 4 * floats, floats, s->tokens);
    dst.src[0] = &q, dst.src[1] = &k, dst.src[2] = &v, dst.src[3] = &at;
    for (int ith = 0; ith < nth; ith++) tern_op_attention(&dst, ith, nth, &args);
    if (!args.chunk) return out;
    const int64_t merged_floats = (int64_t)heads * s->head_dim;
    float *merged = take(4 * merged_floats * s->tokens);
    struct ggml_tensor end = tensor(GGML_TYPE_F32, merged, 4 * merged_floats, merged_floats, s->tokens);
    end.src[0] = &dst, end.src[1] = &at;
    for (int ith = 0; ith < nth; ith++) tern_op_attention_merge(&end, ith, nth, &args);
    free(out);
    return merged;
}

// The largest difference from the definition, over the largest value.
static double error(const struct shape *s, const float *got) {
    const int32_t heads = s->n_kv * s->n_shared, dim = s->head_dim;
    const int64_t row = row_bytes(s->type, dim * s->n_kv), head_row = row / s->n_kv;
    double weight[300], worst = 0, largest = 1e-9;
    for (int32_t i = 0; i < s->tokens * heads; i++) {
        const int32_t seen = s->past + i / heads + 1;
        const int64_t group = i % heads / s->n_shared * head_row;
        double top = -INFINITY, sum = 0;
        for (int32_t p = 0; p < seen; p++) {
            weight[p] = 0;
            for (int32_t d = 0; d < dim; d++)
                weight[p] += s->q[(int64_t)i * dim + d] * cached(s->k + p * row + group, s->type, d);
            weight[p] /= sqrt(dim);
            top = weight[p] > top ? weight[p] : top;
        }
        for (int32_t p = 0; p < seen; p++) sum += weight[p] = exp(weight[p] - top);
        for (int32_t d = 0; d < dim; d++) {
            double value = 0;
            for (int32_t p = 0; p < seen; p++) value += weight[p] / sum * cached(s->v + p * row + group, s->type, d);
            worst = fmax(worst, fabs(value - got[(int64_t)i * dim + d]));
            largest = fmax(largest, fabs(value));
        }
    }
    return worst / largest;
}

// ---- the coarse head: products of codes 0..15 with activations of 8 and of 15 bits ----
struct coarse {
    int32_t n, n_vocab;
    uint8_t *rows;
    float *step, *along, *dither, *direction, *x, reach;
};

static struct coarse random_coarse(void) {
    struct coarse c = {.n = 128 * between(1, 21), .n_vocab = between(1, 150), .reach = between(0, 1) ? 1.0f : 1e4f};
    c.rows = take((int64_t)c.n_vocab * c.n / 2);
    for (int64_t i = 0; i < (int64_t)c.n_vocab * c.n / 2; i++) c.rows[i] = (uint8_t)(random32() % 3 ? random32() : 255);
    memset(c.rows, 255, (size_t)c.n / 2);  // the largest codes there are
    c.step = take(4 * (int64_t)c.n_vocab), c.along = take(4 * (int64_t)c.n_vocab);
    for (int32_t i = 0; i < c.n_vocab; i++) c.step[i] = random_float(), c.along[i] = random_float();
    c.dither = take(4 * (int64_t)c.n), c.direction = take(4 * (int64_t)c.n), c.x = take(4 * (int64_t)c.n);
    const int largest = between(0, 2);  // all of the largest size, of one sign; or of random signs; or anything
    for (int32_t i = 0; i < c.n; i++) {
        c.dither[i] = random_float() / 4.0f, c.direction[i] = 0.0f;
        c.x[i] = largest == 0 ? -2.0f : largest == 1 ? (between(0, 1) ? 2.0f : -2.0f) : random_float();
    }
    return c;
}

static float *coarse_bounds(const struct coarse *c, int nth) {
    struct tern_coarse_best best[8 * TERN_COARSE_BEST];
    struct tern_coarse_args args = {.rows = c->rows, .step = c->step, .dither = c->dither, .direction = c->direction,
                                    .along = c->along, .best = best, .n = c->n, .n_vocab = c->n_vocab,
                                    .largest_reach = c->reach};
    struct ggml_tensor x = tensor(GGML_TYPE_F32, c->x, 4 * (int64_t)c->n, c->n, 1);
    float *upper = take(4 * (int64_t)c->n_vocab);
    struct ggml_tensor dst = tensor(GGML_TYPE_F32, upper, 4 * (int64_t)c->n_vocab, c->n_vocab, 1);
    dst.src[0] = &x;
    for (int ith = 0; ith < nth; ith++) tern_op_coarse(&dst, ith, nth, &args);
    return upper;
}

// How many instruction sets gave the same bits, or -1.
static int compare_coarse(const char *names) {
    const struct coarse c = random_coarse();
    if (tern_select_kernel("scalar") != 0) return -1;
    float *expected = coarse_bounds(&c, 1);
    char list[128];
    memcpy(list, names, sizeof list);
    int compared = 0;
    for (char *name = strtok(list, ","); name && compared >= 0; name = strtok(NULL, ",")) {
        if (tern_select_kernel(name) != 0) return -1;
        const int nth = between(1, 8);
        float *got = coarse_bounds(&c, nth);
        if (memcmp(got, expected, 4 * (size_t)c.n_vocab) != 0) {
            fprintf(stderr, "%s with %d threads differs from scalar: coarse head, %d columns, %d rows, reach %g\n", name, nth,
                    c.n, c.n_vocab, (double)c.reach);
            compared = -1;
        } else {
            compared++;
        }
        free(got);
    }
    free(expected), free(c.rows), free(c.step), free(c.along), free(c.dither), free(c.direction), free(c.x);
    return compared;
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const int rounds = argc > 2 ? atoi(argv[2]) : 50;
    char names[128];
    snprintf(names, sizeof names, "%s", tern_kernels_available());
    int compared = 0;
    for (int round = 0; round < rounds; round++) {
        const struct shape s = random_shape();
        const size_t bytes = 4 * (size_t)s.head_dim * (size_t)s.n_kv * (size_t)s.n_shared * (size_t)s.tokens;
        if (tern_select_kernel("scalar") != 0) return 2;
        float *expected = attend(&s, 1);
        if (!(error(&s, expected) < 2e-5)) {
            fprintf(stderr, "round %d is wrong by %g\n", round, error(&s, expected));
            return 1;
        }
        char list[128];
        memcpy(list, names, sizeof list);
        for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
            if (tern_select_kernel(name) != 0) return 2;
            const int nth = between(1, 8);
            float *got = attend(&s, nth);
            if (memcmp(got, expected, bytes) != 0) {
                fprintf(stderr, "%s with %d threads differs from scalar: round %d, type %d, head %d, %d groups of %d, %d after %d\n",
                        name, nth, round, s.type, s.head_dim, s.n_kv, s.n_shared, s.tokens, s.past);
                return 1;
            }
            free(got);
            compared++;
        }
        const int coarse = compare_coarse(names);
        if (coarse < 0) return 1;
        compared += coarse;
        free(expected);
        free(s.q);
        free(s.k);
        free(s.v);
    }
    printf("%d comparisons equal; instruction sets: %s\n", compared, names);
    return 0;
}
