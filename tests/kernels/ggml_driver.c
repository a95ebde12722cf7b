// Multiplies two matrices with ggml on two threads of a pool of its own, and compares with three loops.
#include <math.h>
#include <stdio.h>

#include "ggml-cpu.h"
#include "ggml.h"

enum { DEPTH = 256, ROWS = 48, COLUMNS = 5, THREADS = 2 };

int main(void) {
    struct ggml_context * context = ggml_init((struct ggml_init_params) {16u << 20, NULL, false});
    struct ggml_tensor * a = ggml_new_tensor_2d(context, GGML_TYPE_F32, DEPTH, ROWS);
    struct ggml_tensor * b = ggml_new_tensor_2d(context, GGML_TYPE_F32, DEPTH, COLUMNS);
    float *x = ggml_get_data_f32(a), *y = ggml_get_data_f32(b);
    for (int i = 0; i < DEPTH * ROWS; i++) x[i] = (float) (i % 7 - 3);
    for (int i = 0; i < DEPTH * COLUMNS; i++) y[i] = (float) (i % 5 - 2);
    struct ggml_tensor * product = ggml_mul_mat(context, a, b);
    struct ggml_cgraph * graph = ggml_new_graph(context);
    ggml_build_forward_expand(graph, product);

    struct ggml_threadpool_params wanted;
    ggml_threadpool_params_init(&wanted, THREADS);
    struct ggml_threadpool * pool = ggml_threadpool_new(&wanted);
    struct ggml_cplan plan = ggml_graph_plan(graph, THREADS, pool);
    plan.work_data = plan.work_size ? (uint8_t *) ggml_new_tensor_1d(context, GGML_TYPE_I8, plan.work_size)->data : NULL;
    if (ggml_graph_compute(graph, &plan) != GGML_STATUS_SUCCESS) return 2;
    ggml_threadpool_free(pool);

    const float * got = ggml_get_data_f32(product);
    for (int c = 0; c < COLUMNS; c++) {
        for (int r = 0; r < ROWS; r++) {
            float sum = 0;  // of small whole numbers: exact in any order
            for (int i = 0; i < DEPTH; i++) sum += x[r * DEPTH + i] * y[c * DEPTH + i];
            if (sum != got[c * ROWS + r]) {
                printf("%d, %d: %g instead of %g\n", c, r, got[c * ROWS + r], sum);
                return 1;
            }
        }
    }
    printf("ggml %s, AVX2 %d: %d values equal\n", ggml_version(), ggml_cpu_has_avx2(), ROWS * COLUMNS);
    return 0;
}
