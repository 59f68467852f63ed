# SPDX-License-Identifier: Apache-2.0

# walchen_precompile(target [header]): compiles the target's sources with cmake/<header>.h read once for all targets.
# One compiled header serves every library, another one every test, whose options differ: parsing it anew for each target
# took a tenth of a whole build. What needs another header than `precompiled` (libtorch) has it alone.
function(walchen_precompile target)
  set(header precompiled)
  if(ARGC GREATER 1)
    set(header ${ARGV1})
  endif()
  if(NOT TARGET ${header})
    file(WRITE ${CMAKE_BINARY_DIR}/generated/${header}.cc "")
    add_library(${header} OBJECT ${CMAKE_BINARY_DIR}/generated/${header}.cc)
    target_link_libraries(${header} PRIVATE fmt::fmt nlohmann_json::nlohmann_json Threads::Threads)
    target_precompile_headers(${header} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header}.h)
    if(header MATCHES "_test$")
      target_link_libraries(${header} PRIVATE GTest::gtest)
      set_target_properties(${header} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_compile_options(${header} PRIVATE -fPIE)  # as programs are compiled
      walchen_test_options(${header})
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${header})
endfunction()

# walchen_compile_as_library(target): a program that uses a library's precompiled header has to be compiled as libraries are, with
# -fPIC instead of -fPIE.
function(walchen_compile_as_library target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

# walchen_test_options(target): no test is about its own speed, and under the sanitizers half of the build would be spent on
# tests. So they are optimised less than what they test, and only their memory is watched. Not -O0: the linker may take a
# template's code from a test for the library too.
function(walchen_test_options target)
  if(WALCHEN_SANITIZE STREQUAL "")
    target_compile_options(${target} PRIVATE -O1)
  elseif(WALCHEN_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined,fuzzer-no-link)
  endif()
endfunction()

# walchen_unity(target sources): so many sources in one go; each alone where that is empty. With libtorch, whose precompiled
# header is so large (700 MB) that reading it takes longer than most sources do; and with the sanitizers and clang-tidy, for which
# the headers below a source are most of the work. CMake leaves sources with options of their own (the kernels' paths) alone.
function(walchen_unity target sources)
  if(sources)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${sources})
  endif()
endfunction()

# walchen_library(name LINK ... [PRECOMPILED header]): the folder src/<name> as a static library, and beside it <name>_test of its *_test.cc.
# Libraries of ours are named by their folder, others by their CMake target.
function(walchen_library name)
  cmake_parse_arguments(arg "" "PRECOMPILED" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  set(unity ${WALCHEN_UNITY})
  if(name STREQUAL "cli")
    set(unity "")  # one file per sub-command, where the same things have the same names (Options, PrintJson)
  endif()
  set(links)
  foreach(link ${arg_LINK})
    if(TARGET walchen_${link})
      list(APPEND links walchen_${link})
    else()
      list(APPEND links ${link})
    endif()
  endforeach()

  if(sources)
    add_library(walchen_${name} STATIC ${sources})
    target_include_directories(walchen_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(walchen_${name} PUBLIC ${links})
    if(arg_PRECOMPILED)
      target_precompile_headers(walchen_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${arg_PRECOMPILED}.h)
      walchen_unity(walchen_${name} 6)
    else()
      walchen_precompile(walchen_${name})
      walchen_unity(walchen_${name} "${unity}")
    endif()
  else()
    add_library(walchen_${name} INTERFACE)
    target_link_libraries(walchen_${name} INTERFACE ${links})
  endif()

  if(WALCHEN_TESTS AND tests AND (WALCHEN_UNIT_TESTS STREQUAL "" OR name IN_LIST WALCHEN_UNIT_TESTS))
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE walchen_${name} GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE WALCHEN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    if(arg_PRECOMPILED)
      # The library's header, which costs more than the tests do, so they are compiled as it is.
      target_precompile_headers(${name}_test REUSE_FROM walchen_${name})
      walchen_compile_as_library(${name}_test)
      walchen_unity(${name}_test 6)
    else()
      walchen_precompile(${name}_test precompiled_test)
      walchen_test_options(${name}_test)
      walchen_unity(${name}_test "${unity}")
    endif()
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
  endif()
endfunction()
