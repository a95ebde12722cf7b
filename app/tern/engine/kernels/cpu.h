// What the running CPU can do, as far as Tern's kernels ask.
#ifndef TERN_CPU_H
#define TERN_CPU_H

#include "layout.h"

struct cpu_features {
    int avx2, avxvnni, avx512vnni, avx512vbmi;  // x86
    int dotprod, i8mm;                          // Arm
};

struct cpu_features tern_cpu_features(void);

#endif
