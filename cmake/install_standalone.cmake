# SPDX-License-Identifier: GPL-3.0-or-later
#
# cmake --install of the standalone library. Included by install.cmake, which knows the places.
set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage/standalone)
toxlink_config_value(${stage}/config version library_version)
toxlink_config_value(${stage}/config soname soname)
toxlink_config_value(${stage}/config crypto crypto)
toxlink_config_value(${stage}/config native words)
separate_arguments(words UNIX_COMMAND "${words}")
# As in install_version.
toxlink_library_names("${words}" static_libraries gcc_s c)
toxlink_library_names("${words}" pc_libraries gcc_s c sodium)
list(TRANSFORM pc_libraries PREPEND "-l")
list(JOIN pc_libraries " " pc_libraries)
set(pc_requires "")
if(crypto STREQUAL "libsodium")
    set(pc_requires "libsodium")
endif()
configure_file(cmake/toxlink-standalone.pc.in ${generated}/toxlink.pc @ONLY)
configure_package_config_file(cmake/toxlink-standalone.cmake.in ${generated}/toxlink-standalone.cmake
    INSTALL_DESTINATION ${package_directory}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR
    NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
install(FILES ${stage}/libtoxlink.so.${library_version} ${stage}/${soname} ${stage}/libtoxlink.so ${stage}/libtoxlink.a
    DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(PROGRAMS ${stage}/toxlink-relay DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${stage}/include/toxlink.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${generated}/toxlink.pc DESTINATION ${pc_directory})
install(FILES ${generated}/toxlink-standalone.cmake DESTINATION ${package_directory})
