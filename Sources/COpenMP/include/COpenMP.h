#pragma once

// A thread pool for oneDNN and the kernels of CKernels, in the place of libgomp's: linking this module is enough, if the
// program shows these functions to its libraries (see Package.swift).
//
// It defines the few functions of OpenMP's run time that oneDNN calls, and a program's own functions go before those of
// its libraries. Only for programs in which nothing but oneDNN uses OpenMP; a library must leave the choice to the
// program, so KerasKit does not depend on it.

/// Whether regions run in this pool: 0 where the dynamic linker prefers libgomp, which then serves both.
int kk_serves_openmp(void);
