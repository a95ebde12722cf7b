// Chooses an instruction set, once, at run time.
#include <stddef.h>

#include "cpu.h"
#include "trial.h"

struct choice {
    const struct kernel *kernel;
    int available;
};

#define TERN_COUNT(isa) +1
enum { N_CHOICES = 1 TERN_INSTRUCTION_SETS(TERN_COUNT) };
#undef TERN_COUNT

// Best first.
static void list_choices(struct choice choices[N_CHOICES]) {
    const struct cpu_features cpu = tern_cpu_features();
    int n = 0;
#define TERN_CHOICE(isa) choices[n++] = (struct choice){&tern_kernel_##isa, cpu.isa};
    TERN_INSTRUCTION_SETS(TERN_CHOICE)
#undef TERN_CHOICE
    (void)cpu;
    choices[n] = (struct choice){&tern_kernel_scalar, 1};
}

static const struct kernel *active;

const struct kernel *tern_active_kernel(void) {
    if (!active) tern_select_kernel(NULL);
    return active;
}

int32_t tern_select_kernel(const char *name) {
    struct choice choices[N_CHOICES];
    list_choices(choices);
    for (int i = 0; i < N_CHOICES; i++) {
        if (name && strcmp(name, choices[i].kernel->name) != 0) continue;
        // What is asked for by name is taken as it is; the scalar reference needs no trial.
        if (!name && i < N_CHOICES - 1 && choices[i].available && !tern_kernel_works(choices[i].kernel)) continue;
        if (choices[i].available) {
            active = choices[i].kernel;
            return 0;
        }
        if (name) return 2;
    }
    return 1;
}

const char *tern_kernel_name(void) { return tern_active_kernel()->name; }

// Comma-separated names into a static buffer; the answer never changes while the program runs.
static const char *join(char *text, size_t size, int only_available) {
    struct choice choices[N_CHOICES];
    list_choices(choices);
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < N_CHOICES; i++) {
        const char *name = choices[i].kernel->name;
        const size_t length = strlen(name);
        if ((only_available && !choices[i].available) || used + length + 2 > size) continue;
        if (used) text[used++] = ',';
        memcpy(text + used, name, length + 1);
        used += length;
    }
    return text;
}

const char *tern_kernels_available(void) {
    static char text[128];
    return join(text, sizeof text, 1);
}

const char *tern_kernels_known(void) {
    static char text[128];
    return join(text, sizeof text, 0);
}

const struct kernel *tern_kernel_named(const char *name) {
    struct choice choices[N_CHOICES];
    list_choices(choices);
    for (int i = 0; i < N_CHOICES; i++)
        if (choices[i].available && strcmp(name, choices[i].kernel->name) == 0) return choices[i].kernel;
    return NULL;
}

int32_t tern_dot_i2s(const char *name, const uint8_t *codes, const int8_t *q, int32_t n) {
    const struct kernel *k = tern_kernel_named(name);
    if (!k) return INT32_MIN;
    int32_t sum;
    k->rows(codes, n / 4, NULL, 1, q, n, 0, &sum);
    return sum;
}

int32_t tern_reads_packed(const char *name) {
    const struct kernel *k = tern_kernel_named(name);
    return k && k->packed_rows;
}

int32_t tern_packs(void) { return tern_active_kernel()->packs; }

int32_t tern_abi_version(void) { return TERN_ABI_VERSION; }
