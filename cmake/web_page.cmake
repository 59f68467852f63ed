# SPDX-License-Identifier: Apache-2.0
# The web page: web/ is built by Vite in build/web and its files become part of walchen_serve.
# build/web is shared by all build folders, so that the page is built once, whatever is compiled around it.
if(TARGET walchen_serve)
  file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/*)
  set(page_files ${CMAKE_BINARY_DIR}/generated/serve/page_files.cc)
  add_custom_command(
    OUTPUT ${page_files}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${page_files}
            -P ${PROJECT_SOURCE_DIR}/cmake/build_web_page.cmake
    DEPENDS ${web_sources} ${PROJECT_SOURCE_DIR}/cmake/build_web_page.cmake
    COMMENT "The web page"
    VERBATIM)
  target_sources(walchen_serve PRIVATE ${page_files})
  set_source_files_properties(${page_files} PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endif()
