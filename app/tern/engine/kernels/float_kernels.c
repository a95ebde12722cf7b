// Chooses the float work that goes with the instruction set in use.
#include "float_kernels.h"

#include "layout.h"

const struct float_kernel *tern_active_float_kernel(void) {
    const struct kernel *kernel = tern_active_kernel();
#if defined(TERN_X86)
    if (kernel == &tern_kernel_avx512vnni || kernel == &tern_kernel_avx512vbmi) return &tern_float_avx512;
    if (kernel == &tern_kernel_avx2 || kernel == &tern_kernel_avxvnni) return &tern_float_avx2;
#elif defined(TERN_ARM)
    if (kernel != &tern_kernel_scalar) return &tern_float_neon;
#endif
    (void)kernel;
    return &tern_float_scalar;
}
