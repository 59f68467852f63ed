// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/cpu_features.h"
#include "tensor/kernels/table-inl.h"

namespace walchen::tensor {

extern const KernelTable kAvx2Kernels;
const KernelTable kAvx2Kernels = MakeTable("avx2", SupportsAvx2);

}  // namespace walchen::tensor
