// What the running CPU can do, as far as Tern's kernels ask.
#ifndef TERN_CPU_H
#define TERN_CPU_H

#include "layout.h"

struct cpu_features {
    int scalar;  // nothing is asked of it
#define TERN_FIELD(isa) int isa;
    TERN_INSTRUCTION_SETS(TERN_FIELD)
#undef TERN_FIELD
};

struct cpu_features tern_cpu_features(void);

#endif
