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
pkg_check_modules(WALCHEN_SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(WALCHEN_HDF5 REQUIRED IMPORTED_TARGET hdf5-serial)
find_library(WALCHEN_HDF5_FROM_MEMORY hdf5_hl PATHS ${WALCHEN_HDF5_LIBRARY_DIRS} REQUIRED)
set(WALCHEN_EXTRACT_LIBRARIES LibArchive::LibArchive pugixml::pugixml PkgConfig::WALCHEN_GUMBO PkgConfig::WALCHEN_UCHARDET
    PkgConfig::WALCHEN_GMIME PkgConfig::WALCHEN_SECCOMP PkgConfig::WALCHEN_PICTURES GIF::GIF SQLite::SQLite3
    PkgConfig::WALCHEN_SNDFILE ${WALCHEN_HDF5_FROM_MEMORY} PkgConfig::WALCHEN_HDF5)

# GMime's -D_LARGEFILE64_SOURCE is what _GNU_SOURCE, which g++ and clang set, means already; a macro more or less makes the
# precompiled header that all libraries share unusable.
get_target_property(gmime_options PkgConfig::WALCHEN_GMIME INTERFACE_COMPILE_OPTIONS)
list(REMOVE_ITEM gmime_options -D_LARGEFILE64_SOURCE)
set_target_properties(PkgConfig::WALCHEN_GMIME PROPERTIES INTERFACE_COMPILE_OPTIONS "${gmime_options}")
