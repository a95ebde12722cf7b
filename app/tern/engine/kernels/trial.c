// Executes something of each file that an instruction set is compiled from, before it is chosen.
#include "trial.h"

#include "float_kernels.h"
#include "ggml_tensor.h"

// Aligned as the ops have it.
static _Alignas(64) union {
    uint8_t bytes[PANEL_BYTES];
    float floats[PANEL_BYTES / 4];
} panel;
static _Alignas(64) uint8_t codes[UNPACK_ROWS * PAIR_BYTES + PERIOD_CODE_BYTES];
static _Alignas(64) int8_t q[PACKED_PERIOD + PAIR];
static _Alignas(64) uint8_t tables[TABLES_BYTES];
static _Alignas(64) int32_t sums[PAIR];
static _Alignas(64) float values[PAIR];

static void execute(const struct kernel *kernel) {
    static const int32_t live[4 + LIST_SLACK] = {0, 1, 2, 3};
    static const int8_t live_q[4 + LIST_SLACK] = {1, 2, 3, 4};
    kernel->rows(codes, PAIR_BYTES, NULL, 1, q, PAIR, 0, sums);
    if (kernel->packed_rows) {
        kernel->packed_rows(codes, NULL, 1, q, PACKED_PERIOD, 0, sums);
        kernel->unpack_five(codes, codes + UNPACK_ROWS * PAIR_BYTES);
    }
    for (int32_t row = 0; row < PANEL_ROWS; row += UNPACK_ROWS)
        kernel->unpack(codes, PAIR_BYTES, UNPACK_ROWS, PAIR_BYTES, row, panel.bytes);
    if (kernel->tables) kernel->tables(q, tables);
    kernel->tile(panel.bytes, kernel->tables ? (const int8_t *)tables : q, PAIR, 1, sums, 0);
    kernel->columns(codes, BLOCK_BYTES, live, live_q, 4, 1, sums);
    kernel->norm_quant(values, NULL, 1e-5f, PAIR, 0, q);
    kernel->floats->dot_rows((const uint8_t *)values, sizeof values, GGML_TYPE_F32, 1, values, PAIR, 1, PAIR,
                             panel.floats, 1);
    kernel->floats->row_to_floats(codes, GGML_TYPE_F16, PAIR, panel.floats);
}

#if defined(_MSC_VER)
#include <windows.h>

int tern_kernel_works(const struct kernel *kernel) {
    __try {
        execute(kernel);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return 0;
    }
    return 1;
}

#elif defined(_WIN32)
// mingw has no __try: there the CPU's word is taken.
int tern_kernel_works(const struct kernel *kernel) {
    (void)kernel;
    (void)execute;
    return 1;
}

#else
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(int number) {
    (void)number;
    _exit(1);
}

int tern_kernel_works(const struct kernel *kernel) {
    const pid_t child = fork();
    if (child < 0) return 1;  // no room for a process: the CPU's word is taken
    if (child == 0) {
        static const int fatal[] = {SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGFPE};
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], give_up);
        execute(kernel);
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return 1;  // somebody else took the answer
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif
