# SPDX-License-Identifier: Apache-2.0
# Each file src/tensor/kernels/path_*.cc compiles the same kernels for one instruction set. Only these files carry
# -m flags; everything else is baseline x86-64.
set(kernels ${PROJECT_SOURCE_DIR}/src/tensor/kernels)
# Zeroing locals and stack canaries cost in the inner loops and guard nothing there: kernels get checked lengths only.
set(kernel -ftrivial-auto-var-init=uninitialized -fno-stack-protector -fno-stack-clash-protection -ffp-contract=off)
set(sse4 -msse4.2 -mpopcnt)
set(avx2 -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt -mpclmul -maes)
set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mprefer-vector-width=512)
set(vnni ${avx512} -mavx512vnni)
set(amx ${vnni} -mamx-tile -mamx-int8)
foreach(path sse4 avx2 vnni amx)
  if(EXISTS ${kernels}/path_${path}.cc)
    set_source_files_properties(${kernels}/path_${path}.cc PROPERTIES COMPILE_OPTIONS "${${path}};${kernel}"
                                SKIP_PRECOMPILE_HEADERS ON)
  endif()
endforeach()
