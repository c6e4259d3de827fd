# SPDX-License-Identifier: GPL-3.0-or-later
#
# cmake --install: for each toxcore version a library, a CMake file and a pkg-config file, whose names
# have the version in them, so that versions can be installed side by side, together or one by one; and
# the standalone library, beside them or alone.
# Nothing that is installed knows the prefix: the tree may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(generated ${CMAKE_CURRENT_BINARY_DIR}/package)
set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/toxlink)
set(toxlink_library_root ${CMAKE_INSTALL_LIBDIR}/toxlink)
toxlink_supported_versions(supported)

# prefix of a pkg-config file, from the place of the file itself, unless the places are absolute.
set(pc_directory ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
    file(RELATIVE_PATH up "/${pc_directory}" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(pc_prefix "\${pcfiledir}/${up}")
    set(pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
set(pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# How the linker is told to take our object in any case, before libtoxcore.a: by asking for a name
# that nobody else has. Then it may be told so twice, and a libtoxcore.a that comes too early is a
# link error, as everything is defined twice. Without such a name the whole archive is asked for,
# which may be done only once.
function(link_words modules before after)
    set(${before} "--whole-archive" PARENT_SCOPE)
    set(${after} "--no-whole-archive," PARENT_SCOPE)
    foreach(module IN LISTS modules)
        set(file ${CMAKE_CURRENT_SOURCE_DIR}/ctest/abi/additional-${module}.txt)
        if(EXISTS ${file})
            file(STRINGS ${file} name REGEX "^[^#]" LIMIT_COUNT 1)
            set(${before} "--undefined=${name}" PARENT_SCOPE)
            set(${after} "" PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# The C names that a module exports, from the lists that the library was checked against.
function(module_symbols version module result)
    set(lists ${CMAKE_CURRENT_SOURCE_DIR}/ctest/abi)
    file(STRINGS ${lists}/symbols-${version}-${module}.txt names REGEX "^[^#]")
    if(EXISTS ${lists}/additional-${module}.txt)
        file(STRINGS ${lists}/additional-${module}.txt lines REGEX "^[^#]")
        list(APPEND names ${lines})
    endif()
    set(${result} "${names}" PARENT_SCOPE)
endfunction()

function(install_version version)
    set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage/${version})
    toxlink_config_value(${stage}/config modules module_words)
    string(REPLACE " " ";" modules "${module_words}")
    toxlink_config_value(${stage}/config native words)
    string(REPLACE " " ";" words "${words}")
    # The compiler adds libgcc and libc by itself, and the right ones also for a static program. Each
    # toxcore links the libsodium of its own choice.
    toxlink_library_names("${words}" native gcc_s c sodium)
    toxlink_config_value(${stage}/config libraries words)
    string(REPLACE " " ";" words "${words}")
    toxlink_library_names("${words}" program_libraries gcc_s c)
    list(TRANSFORM program_libraries PREPEND "-l" OUTPUT_VARIABLE pc_libraries)
    list(JOIN pc_libraries " " pc_libraries)
    link_words("${modules}" link_before link_after)
    set(symbol_properties "")
    foreach(module IN LISTS modules)
        module_symbols(${version} ${module} names)
        string(APPEND symbol_properties "        TOXLINK_SYMBOLS_${module} \"${names}\"\n")
    endforeach()
    configure_file(cmake/toxlink-toxcore.cmake.in ${generated}/toxlink-toxcore-${version}.cmake @ONLY)
    configure_file(cmake/toxlink.pc.in ${generated}/toxlink-${version}.pc @ONLY)
    install(FILES ${stage}/libtoxlink.a DESTINATION ${toxlink_library_root}/${version})
    install(FILES ${generated}/toxlink-toxcore-${version}.cmake DESTINATION ${package_directory})
    install(FILES ${generated}/toxlink-${version}.pc DESTINATION ${pc_directory})
    if("tcp-connections" IN_LIST modules)
        install(FILES include/toxlink-statistics.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    endif()
endfunction()

foreach(version IN LISTS versions)
    install_version(${version})
endforeach()
if(TOXLINK_STANDALONE)
    include(cmake/install_standalone.cmake)
endif()
configure_package_config_file(cmake/toxlinkConfig.cmake.in ${generated}/toxlinkConfig.cmake
    INSTALL_DESTINATION ${package_directory}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR toxlink_library_root
    NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${generated}/toxlinkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated}/toxlinkConfig.cmake ${generated}/toxlinkConfigVersion.cmake
    DESTINATION ${package_directory})
if(versions)
    install(FILES cmake/toxlinkReplaceModules.cmake cmake/toxlinkSystemToxcore.cmake cmake/into-toxcore.cmake
        DESTINATION ${package_directory})
    # What toxcore's headers are compared with.
    install(FILES cmake/toxcore_headers.h ctest/toxabi.h ctest/abi/layouts.c DESTINATION ${package_directory}/abi)
endif()
install(FILES LICENSE docs/cmake.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
