// SPDX-License-Identifier: Apache-2.0
#define WALCHEN_AMX_EMULATED
#include "tensor/kernels/amx-inl.h"

namespace walchen::tensor {

extern const KernelTable kVnniKernels;
void LinearOnEmulatedAmx(const LinearArgs& args, int64_t first, int64_t last);

void LinearOnEmulatedAmx(const LinearArgs& args, int64_t first, int64_t last) {
  LinearWithTiles(args, first, last, kVnniKernels.linear);
}

}  // namespace walchen::tensor
