# SPDX-License-Identifier: Apache-2.0
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD OUTPUT_VARIABLE commit
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[// Written by cmake/write_version.cmake.
#pragma once
#define WALCHEN_VERSION "@VERSION@"
#define WALCHEN_COMMIT "@commit@"
]] @ONLY)
