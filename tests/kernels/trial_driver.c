// Instruction sets that cannot be executed, as a trial must find them: one that traps, one that reads nowhere.
#include <stdio.h>
#include <stdlib.h>

#include "../../app/tern/engine/kernels/trial.c"

static void fine_rows(const uint8_t *c, int64_t s, const int32_t *w, int32_t n_rows, const int8_t *v, int32_t n,
                      int32_t ahead, int32_t *acc) {
    (void)c, (void)s, (void)w, (void)n_rows, (void)v, (void)n, (void)ahead;
    acc[0] = 0;
}
static void illegal_rows(const uint8_t *c, int64_t s, const int32_t *w, int32_t n_rows, const int8_t *v, int32_t n,
                         int32_t ahead, int32_t *acc) {
    (void)c, (void)s, (void)w, (void)n_rows, (void)v, (void)n, (void)ahead, (void)acc;
    __builtin_trap();
}
static void lost_floats(const uint8_t *row, int32_t type, int32_t n, float *out) {
    (void)row, (void)type, (void)n, (void)out;
    *(volatile int *)8 = 1;
}
static void fine_floats(const uint8_t *row, int32_t type, int32_t n, float *out) {
    (void)row, (void)type, (void)n;
    out[0] = 0;
}
static void five(const uint8_t *p, uint8_t *c) { (void)p, (void)c; }
static void unpack(const uint8_t *c, int64_t s, int32_t n_rows, int32_t n_bytes, int32_t first, uint8_t *p) {
    (void)c, (void)s, (void)n_rows, (void)n_bytes, (void)first, (void)p;
}
static void tile(const uint8_t *p, const int8_t *v, int64_t s, int32_t n, int32_t *c, int32_t more) {
    (void)p, (void)v, (void)s, (void)n, (void)c, (void)more;
}
static void columns(const uint8_t *c, int64_t s, const int32_t *l, const int8_t *lq, int32_t n, int32_t b, int32_t *a) {
    (void)c, (void)s, (void)l, (void)lq, (void)n, (void)b, (void)a;
}
static void norm(const float *x, const float *w, float eps, int32_t n, int32_t l, int8_t *row) {
    (void)x, (void)w, (void)eps, (void)n, (void)l, (void)row;
}
static void dot(const uint8_t *r, int64_t b, int32_t t, int32_t n_rows, const float *x, int64_t s, int32_t n_tokens,
                int32_t n, float *out, int64_t o) {
    (void)r, (void)b, (void)t, (void)n_rows, (void)x, (void)s, (void)n_tokens, (void)n, (void)out, (void)o;
}

int main(void) {
    const struct float_kernel fine = {.dot_rows = dot, .row_to_floats = fine_floats};
    const struct float_kernel lost = {.dot_rows = dot, .row_to_floats = lost_floats};
    struct kernel k = {.name = "fine", .rows = fine_rows, .unpack_five = five, .unpack = unpack, .unpack_columns = NULL,
                       .tile = tile, .tile_tokens = 1, .columns = columns, .norm_quant = norm, .floats = &fine};
    printf("fine %d\n", tern_kernel_works(&k));
    k.rows = illegal_rows;
    printf("illegal %d\n", tern_kernel_works(&k));
    k.rows = fine_rows;
    k.floats = &lost;
    printf("lost %d\n", tern_kernel_works(&k));
    return 0;
}
