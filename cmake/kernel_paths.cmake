# SPDX-License-Identifier: Apache-2.0
# Each file src/tensor/kernels/path_*.cc compiles the same kernels for one instruction set. Only these files carry
# -m flags; everything else is baseline x86-64.
set(kernels ${PROJECT_SOURCE_DIR}/src/tensor/kernels)
# Zeroing locals and stack canaries cost in the inner loops and guard nothing there: kernels get checked lengths only.
set(kernel -ftrivial-auto-var-init=uninitialized -fno-stack-protector -fno-stack-clash-protection -ffp-contract=off)
if(WALCHEN_SANITIZE)
  # Unrolled loops full of checks take clang minutes to compile; reads and writes past the end are what matters here.
  list(APPEND kernel -fno-sanitize=undefined,fuzzer-no-link)
endif()
if(WALCHEN_SANITIZE STREQUAL "thread")
  list(APPEND kernel -fno-sanitize=thread)  # a kernel runs on one thread; who calls it is watched
endif()
set(sse4 -msse4.2 -mpopcnt)
set(avx2 -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt -mpclmul -maes)
set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mprefer-vector-width=512)
set(vnni ${avx512} -mavx512vnni)
set(amx ${vnni} -mamx-tile -mamx-int8)
function(walchen_kernel_path file)
  set_source_files_properties(${kernels}/${file} PROPERTIES COMPILE_OPTIONS "${ARGN};${kernel}" SKIP_PRECOMPILE_HEADERS ON)
endfunction()
walchen_kernel_path(path_sse4.cc ${sse4})
walchen_kernel_path(path_avx2.cc ${avx2})
walchen_kernel_path(path_vnni.cc ${vnni})
walchen_kernel_path(path_amx.cc ${amx})
walchen_kernel_path(path_amx_emulated_test.cc ${vnni})
