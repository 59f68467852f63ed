// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/cpu_features.h"
#include "tensor/kernels/table-inl.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
const KernelTable kVnniKernels = MakeTable("avx512-vnni", SupportsVnni);

}  // namespace walchen::tensor
