// SPDX-License-Identifier: Apache-2.0
//
// What libraries keep until the process ends, for the leak sanitizer. For tests and fuzz targets, in one source of each program:
// fontconfig, which draws the words of an SVG, what it read of the fonts; HDF5, 72 bytes for each file that it opens from memory.
#pragma once

extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\nleak:libhdf5_serial_hl\n"; }
