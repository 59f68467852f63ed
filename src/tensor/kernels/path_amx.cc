// SPDX-License-Identifier: Apache-2.0
#include "tensor/kernels/amx-inl.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
void LinearOnAmx(const LinearArgs& args, int64_t first, int64_t last);

void LinearOnAmx(const LinearArgs& args, int64_t first, int64_t last) {
  LinearWithTiles(args, first, last, kVnniKernels.linear);
}

}  // namespace walchen::tensor
