# SPDX-License-Identifier: Apache-2.0
# The folder of an installed Python package whose C++ libraries are wanted: the one in the environment variable, else the
# package that scripts/setup.sh unpacked into build/tools; empty where there is neither.
function(walchen_wheel_folder package variable found)
  file(GLOB unpacked ${PROJECT_SOURCE_DIR}/build/tools/python/lib/python3*/site-packages/${package})
  if(NOT "$ENV{${variable}}" STREQUAL "")
    set(${found} $ENV{${variable}} PARENT_SCOPE)
  elseif(unpacked)
    list(GET unpacked 0 first)
    set(${found} ${first} PARENT_SCOPE)
  else()
    set(${found} "" PARENT_SCOPE)
  endif()
endfunction()
