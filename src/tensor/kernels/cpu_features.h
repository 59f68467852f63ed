// SPDX-License-Identifier: Apache-2.0
//
// What this CPU, and the operating system's saving of its registers, allow. The functions are compiled for baseline x86-64.
#pragma once

namespace walchen::tensor {

bool SupportsSse4();
bool SupportsAvx2();  // with FMA, F16C and BMI, as every CPU with AVX2 but a few VIA ones
bool SupportsVnni();  // AVX-512 F, BW, DQ, VL, CD and VNNI
// VNNI and AMX-INT8. Tile registers are 8 KiB that Linux saves for a process only after it asked: the first call asks.
bool SupportsAmx();

}  // namespace walchen::tensor
