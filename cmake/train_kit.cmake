# SPDX-License-Identifier: Apache-2.0
# In the archive of scripts/train_kit.sh: what the trainer needs beside libtorch stands in deps/, so that a machine with
# torch, CMake and a compiler builds it. Headers, and static libraries of what has no other form.
set(WALCHEN_TRAIN ON)
set(WALCHEN_TESTS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
  set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # as CMakePresets.json has it
endif()

set(kit_headers ${PROJECT_SOURCE_DIR}/deps/include)
function(kit_package name)
  add_library(${name} INTERFACE IMPORTED)
  target_include_directories(${name} SYSTEM INTERFACE ${kit_headers})
endfunction()
kit_package(fmt::fmt)
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
kit_package(spdlog::spdlog)
target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
kit_package(nlohmann_json::nlohmann_json)
kit_package(CLI11::CLI11)
kit_package(OpenSSL::Crypto)
kit_package(SQLite::SQLite3)
target_link_libraries(SQLite::SQLite3 INTERFACE ${PROJECT_SOURCE_DIR}/deps/lib/libsqlite3.a Threads::Threads ${CMAKE_DL_LIBS} m)
kit_package(PkgConfig::sodium)
target_link_libraries(PkgConfig::sodium INTERFACE ${PROJECT_SOURCE_DIR}/deps/lib/libsodium.a Threads::Threads)
target_link_libraries(OpenSSL::Crypto INTERFACE ${PROJECT_SOURCE_DIR}/deps/lib/libcrypto.a Threads::Threads ${CMAKE_DL_LIBS})
