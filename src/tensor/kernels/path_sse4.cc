// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/cpu_features.h"
#include "tensor/kernels/table-inl.h"

namespace walchen::tensor {

extern const KernelTable kSse4Kernels;
const KernelTable kSse4Kernels = MakeTable("sse4", SupportsSse4);

}  // namespace walchen::tensor
