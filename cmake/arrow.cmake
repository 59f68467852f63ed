# SPDX-License-Identifier: Apache-2.0
# The plug-in for Parquet and Arrow, on the libraries of the pyarrow wheel: of the folder in WALCHEN_PYARROW, else of the
# wheel that scripts/setup.sh tables unpacked. Without it such files are quarantined with a reason.
walchen_wheel_folder(pyarrow WALCHEN_PYARROW pyarrow_folder)
if(pyarrow_folder STREQUAL "")
  return()
endif()
file(GLOB arrow_libraries ${pyarrow_folder}/libarrow.so.* ${pyarrow_folder}/libparquet.so.*)
if(NOT arrow_libraries)
  message(FATAL_ERROR "Expected libarrow.so.* and libparquet.so.* in ${pyarrow_folder}; run scripts/setup.sh tables, or set WALCHEN_PYARROW to the folder `pyarrow` of an installed one.")
endif()

# Everything else refuses to be loaded at run time (cmake/flags.cmake); this is there for it.
get_property(link_options DIRECTORY PROPERTY LINK_OPTIONS)
list(TRANSFORM link_options REPLACE "-z,nodlopen," "")
add_library(walchen_arrow MODULE ${PROJECT_SOURCE_DIR}/src/arrow/arrow_plugin.cc)
set_target_properties(walchen_arrow PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
                      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR} BUILD_RPATH ${pyarrow_folder}
                      LINK_OPTIONS "${link_options}")
target_include_directories(walchen_arrow PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(walchen_arrow SYSTEM PRIVATE ${pyarrow_folder}/include)
# fmt's and expected's headers, which base/status.h wants.
target_link_libraries(walchen_arrow PRIVATE fmt::fmt ${arrow_libraries})
add_dependencies(walchen_data walchen_arrow)

if(WALCHEN_TESTS)
  add_executable(arrow_test ${PROJECT_SOURCE_DIR}/src/arrow/arrow_plugin_test.cc)
  target_include_directories(arrow_test SYSTEM PRIVATE ${pyarrow_folder}/include)
  target_link_libraries(arrow_test PRIVATE walchen_data GTest::gtest_main ${arrow_libraries})
  set_target_properties(arrow_test PROPERTIES BUILD_RPATH ${pyarrow_folder})
  walchen_test_options(arrow_test)
  add_test(NAME arrow COMMAND arrow_test --gtest_brief=1)
endif()
