# SPDX-License-Identifier: Apache-2.0
# Compiler flags for the whole tree. Nothing is built with -march=native: kernels pick their path at run time.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  # ccache keeps nothing that used a precompiled header unless it is told that times and macros do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

# For all, as some libraries ask for it: the precompiled header is one for all, and this defines a macro.
add_compile_options(-pthread)
add_compile_options(-Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough
                    -Werror=format-security)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)  # g++ 12 sees what is not there in std::string, PR 105651
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # The same rules as with g++, where -Wconversion does not mean signs; libstdc++ 12's own stable_sort is "deprecated".
  add_compile_options(-Wno-sign-conversion -Wno-deprecated-declarations)
endif()
if(WALCHEN_WERROR)
  add_compile_options(-Werror)
endif()

# Hardening, after the OpenSSF compiler options guide (2026-06-30). gcc 12 lacks -fstrict-flex-arrays=3 and -fhardened.
add_compile_options(-fstack-clash-protection -fstack-protector-strong -fcf-protection=full
                    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
                    -ftrivial-auto-var-init=zero)
if(WALCHEN_SANITIZE STREQUAL "")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_link_options(-Wl,-z,nodlopen,-z,noexecstack,-z,relro,-z,now -Wl,--as-needed)
include(CheckPIESupported)
check_pie_supported()

if(WALCHEN_SANITIZE)
  add_compile_options(-fsanitize=${WALCHEN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WALCHEN_SANITIZE})
endif()
if(WALCHEN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # lets libFuzzer see which edges an input reaches
endif()
