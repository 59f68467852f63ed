// SPDX-License-Identifier: Apache-2.0
//
// What this CPU, and the operating system's saving of its registers, allow. The functions are compiled for baseline x86-64.
#pragma once

namespace walchen::tensor {

bool SupportsSse4();
bool SupportsAvx2();  // with FMA, F16C and BMI, as every CPU with AVX2 but a few VIA ones
bool SupportsVnni();  // AVX-512 F, BW, DQ, VL, CD and VNNI

}  // namespace walchen::tensor
