# SPDX-License-Identifier: Apache-2.0
# libtorch as the target `torch`: of the folder in WALCHEN_TORCH, else of the wheel that scripts/setup.sh train unpacked.
#
# Not by find_package(Torch): the CUDA build's wants a CUDA toolkit, which a machine without a GPU has no use for. The
# trainer links the library for CPUs, and loads that for GPUs when it runs (src/train/device.cc).
walchen_wheel_folder(torch WALCHEN_TORCH torch_folder)
if(torch_folder STREQUAL "")
  message(FATAL_ERROR "Expected libtorch in build/tools; run scripts/setup.sh train, or set WALCHEN_TORCH to the folder of an installed torch: python3 -c \"import torch; print(torch.__path__[0])\"")
endif()
if(NOT EXISTS ${torch_folder}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "Expected ${torch_folder}/lib/libtorch_cpu.so; set WALCHEN_TORCH to the folder `torch` of an installed torch, 2.11 or later.")
endif()

# c10d's Gloo is in the wheel, the headers of Gloo that its header wants are not.
find_path(gloo_headers gloo/algorithm.h HINTS ${PROJECT_SOURCE_DIR}/deps/include REQUIRED)

# libtorch's headers bring others' along, fmt in another version among them: ours come first.
set(our_headers ${CMAKE_BINARY_DIR}/generated/our_headers)
get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY ${our_headers})
file(CREATE_LINK ${fmt_headers}/fmt ${our_headers}/fmt SYMBOLIC)

add_library(torch INTERFACE)
target_compile_definitions(torch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
target_include_directories(torch SYSTEM INTERFACE ${our_headers} ${gloo_headers} ${torch_folder}/include
                           ${torch_folder}/include/torch/csrc/api/include)
# What registers the kernels is found by nobody's name, so it must be linked whether it seems needed or not.
target_link_libraries(torch INTERFACE -Wl,--no-as-needed ${torch_folder}/lib/libtorch_cpu.so -Wl,--as-needed
                      ${torch_folder}/lib/libc10.so)
# The libraries of the CUDA build, which lie in folders of their own, are found when it is started.
target_link_options(torch INTERFACE -Wl,--allow-shlib-undefined -Wl,-rpath,${torch_folder}/lib)

# torch's own loops run on OpenMP threads; ours in train/ join them, so its runtime is ours too. Without it they run on one.
if(EXISTS ${torch_folder}/lib/libgomp.so.1)
  target_compile_options(torch INTERFACE -fopenmp)
  target_link_libraries(torch INTERFACE ${torch_folder}/lib/libgomp.so.1)
endif()
