# SPDX-License-Identifier: Apache-2.0
# Writes build/generated/cli/build_version.h with the commit, at build time, and only when it changed.
add_custom_target(walchen_version
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
          -DOUTPUT=${CMAKE_BINARY_DIR}/generated/cli/build_version.h -P ${PROJECT_SOURCE_DIR}/cmake/write_version.cmake
  BYPRODUCTS ${CMAKE_BINARY_DIR}/generated/cli/build_version.h)
get_target_property(cli_type walchen_cli TYPE)
if(cli_type STREQUAL "STATIC_LIBRARY")
  add_dependencies(walchen_cli walchen_version)
  target_include_directories(walchen_cli PRIVATE ${CMAKE_BINARY_DIR}/generated)
endif()
