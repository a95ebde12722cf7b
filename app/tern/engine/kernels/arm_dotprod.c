// NEON with the dot product: Apple from the M1, Arm cores since Cortex-A76 and Neoverse N1.
#include "arm_kernels.h"

const struct kernel tern_kernel_neon_dotprod = TERN_KERNEL_NEON("neon-dotprod");
