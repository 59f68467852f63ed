# SPDX-License-Identifier: Apache-2.0
# libtorch as the target `torch`: of the folder in WALCHEN_TORCH, else of the wheel that scripts/setup.sh train unpacked.
file(GLOB wheel_folders ${PROJECT_SOURCE_DIR}/build/tools/python/lib/python3*/site-packages/torch)
if(DEFINED ENV{WALCHEN_TORCH})
  set(torch_folder $ENV{WALCHEN_TORCH})
elseif(wheel_folders)
  list(GET wheel_folders 0 torch_folder)
else()
  message(FATAL_ERROR "Expected libtorch in build/tools; run scripts/setup.sh train, or set WALCHEN_TORCH to the folder of an installed torch.")
endif()
find_package(Torch 2.11 REQUIRED PATHS ${torch_folder}/share/cmake/Torch NO_DEFAULT_PATH)

# libtorch's headers bring others' along, fmt in another version among them: ours come first.
set(our_headers ${CMAKE_BINARY_DIR}/generated/our_headers)
get_target_property(fmt_headers fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY ${our_headers})
file(CREATE_LINK ${fmt_headers}/fmt ${our_headers}/fmt SYMBOLIC)
