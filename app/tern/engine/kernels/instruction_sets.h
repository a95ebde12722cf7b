// The instruction sets of each processor, best first: everything that goes by their names is made from these lists.
//
// X(name): tern_kernel_<name> is its table of functions (layout.h), cpu_features.<name> whether this CPU has it (cpu.c).
// The scalar reference, which every CPU runs, is in no list and always comes last.
#ifndef TERN_INSTRUCTION_SETS_H
#define TERN_INSTRUCTION_SETS_H

#if defined(__x86_64__) || defined(_M_X64)
#define TERN_X86 1
#define TERN_INSTRUCTION_SETS(X) X(avx512vbmi) X(avx512vnni) X(avxvnni) X(avx2)
#elif defined(__aarch64__) || defined(_M_ARM64)
#define TERN_ARM 1
#define TERN_INSTRUCTION_SETS(X) X(neon_i8mm) X(neon_dotprod)
#else
#define TERN_INSTRUCTION_SETS(X)
#endif

#endif
