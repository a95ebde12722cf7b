// Whether an instruction set that the CPU announces can be executed: hypervisors and emulators announce some that
// they cannot.
#ifndef TERN_TRIAL_H
#define TERN_TRIAL_H

#include "layout.h"

// Runs functions of `kernel` on a few numbers, in a process of its own where the system has fork(); 0: they ended it.
int tern_kernel_works(const struct kernel *kernel);

#endif
