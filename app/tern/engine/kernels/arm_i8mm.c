// NEON with the 8-bit matrix multiply: Apple from the M2, Arm cores since Neoverse V1 and Cortex-X2.
#define TERN_I8MM
#include "arm_kernels.h"

const struct kernel tern_kernel_neon_i8mm = TERN_KERNEL_NEON("neon-i8mm");
