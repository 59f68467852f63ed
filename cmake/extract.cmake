# SPDX-License-Identifier: Apache-2.0
# What library data reads files with; WALCHEN_EXTRACT_LIBRARIES names all of it.
find_package(PkgConfig REQUIRED)
find_package(LibArchive 3.6 REQUIRED)
find_package(pugixml 1.13 REQUIRED)
pkg_check_modules(WALCHEN_GUMBO REQUIRED IMPORTED_TARGET gumbo)
pkg_check_modules(WALCHEN_UCHARDET REQUIRED IMPORTED_TARGET uchardet)
pkg_check_modules(WALCHEN_GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
pkg_check_modules(WALCHEN_SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(WALCHEN_PICTURES REQUIRED IMPORTED_TARGET libpng libjpeg libwebp libwebpdemux libtiff-4 librsvg-2.0 zlib)
find_package(GIF 5 REQUIRED)
set(WALCHEN_EXTRACT_LIBRARIES LibArchive::LibArchive pugixml::pugixml PkgConfig::WALCHEN_GUMBO PkgConfig::WALCHEN_UCHARDET
    PkgConfig::WALCHEN_GMIME PkgConfig::WALCHEN_SECCOMP PkgConfig::WALCHEN_PICTURES GIF::GIF)

# GMime's -D_LARGEFILE64_SOURCE is what _GNU_SOURCE, which g++ and clang set, means already; a macro more or less makes the
# precompiled header that all libraries share unusable.
get_target_property(gmime_options PkgConfig::WALCHEN_GMIME INTERFACE_COMPILE_OPTIONS)
list(REMOVE_ITEM gmime_options -D_LARGEFILE64_SOURCE)
set_target_properties(PkgConfig::WALCHEN_GMIME PROPERTIES INTERFACE_COMPILE_OPTIONS "${gmime_options}")
