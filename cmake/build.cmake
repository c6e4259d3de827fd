# SPDX-License-Identifier: GPL-3.0-or-later
#
# Functions of CMakeLists.txt: how CMake calls scripts/build, which alone knows how the library is
# built, and what it makes of the result.

# The toxcore versions that Cargo.toml has a feature for.
function(toxlink_supported_versions result)
    file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml lines REGEX "^abi-[0-9-]+ *=")
    set(versions "")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^abi-([0-9-]+) *=.*" "\\1" version "${line}")
        string(REPLACE "-" "." version "${version}")
        list(APPEND versions ${version})
    endforeach()
    set(${result} "${versions}" PARENT_SCOPE)
endfunction()

# Says at once what scripts/build would say after a while. result: the versions to build for. For none of
# them, the standalone library is built, and without apt.
function(toxlink_check_settings result)
    if(CMAKE_CURRENT_BINARY_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
        message(FATAL_ERROR "toxlink: choose a directory for the build: cmake -S . -B build/cmake "
            "(and remove the CMakeCache.txt and CMakeFiles that are here now)")
    endif()
    if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
        message(FATAL_ERROR "toxlink: x86_64 Linux only, not ${CMAKE_SYSTEM_NAME} ${CMAKE_SYSTEM_PROCESSOR}")
    endif()
    toxlink_supported_versions(supported)
    list(JOIN supported " " text)
    set(versions ${TOXLINK_TOXCORE})
    if(versions STREQUAL "all")
        set(versions ${supported})
    endif()
    if(versions STREQUAL "none")
        set(versions "")
        set(TOXLINK_STANDALONE ON PARENT_SCOPE)
        set(TOXLINK_LIBRARY_ONLY ON PARENT_SCOPE)
    elseif(NOT versions)
        message(FATAL_ERROR "toxlink: TOXLINK_TOXCORE is empty; supported: ${text}, all, or none")
    endif()
    list(REMOVE_DUPLICATES versions)
    foreach(version IN LISTS versions)
        if(NOT version IN_LIST supported)
            message(FATAL_ERROR "toxlink: toxcore ${version} is not supported; supported: ${text}, all, or none")
        endif()
    endforeach()
    if(NOT TOXLINK_CRYPTO MATCHES "^(libsodium|crypto_box)$")
        message(FATAL_ERROR "toxlink: TOXLINK_CRYPTO is libsodium or crypto_box, not ${TOXLINK_CRYPTO}")
    endif()
    set(${result} "${versions}" PARENT_SCOPE)
endfunction()

# toxlink_config_value(FILE KEY RESULT): what scripts/build noted in its file config.
function(toxlink_config_value file key result)
    file(STRINGS ${file} line REGEX "^${key}=")
    string(REGEX REPLACE "^${key}=" "" line "${line}")
    set(${result} "${line}" PARENT_SCOPE)
endfunction()

# The words -lNAME of a list as NAME, each once, where it is last; without those in the other
# arguments.
function(toxlink_library_names words result)
    list(FILTER words INCLUDE REGEX "^-l")
    list(TRANSFORM words REPLACE "^-l" "")
    list(REMOVE_ITEM words ${ARGN})
    list(REVERSE words)
    list(REMOVE_DUPLICATES words)
    list(REVERSE words)
    set(${result} "${words}" PARENT_SCOPE)
endfunction()

# Builds the library for one version now, because what to link is known only after that, and again
# with each build of the project. It is kept in stage/VERSION of the build tree, since another build
# tree with other settings may overwrite what is in build/VERSION.
function(toxlink_build version)
    set(command ${CMAKE_CURRENT_SOURCE_DIR}/scripts/build --toxcore ${version} --crypto ${TOXLINK_CRYPTO})
    if(TOXLINK_MODULES)
        list(JOIN TOXLINK_MODULES "," modules)
        list(APPEND command --modules ${modules})
    endif()
    set(built ${CMAKE_CURRENT_SOURCE_DIR}/build/${version})
    if(TOXLINK_LIBRARY_ONLY)
        list(APPEND command --library-only)
        set(built ${CMAKE_CURRENT_SOURCE_DIR}/build/library/${version})
    endif()
    set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage/${version})
    execute_process(COMMAND ${command} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} RESULT_VARIABLE status)
    if(status EQUAL 77)
        message(FATAL_ERROR "toxlink: Debian's package of toxcore ${version} cannot be had here now, see above")
    elseif(status)
        message(FATAL_ERROR "toxlink: scripts/build failed for toxcore ${version}; its last lines above say why")
    endif()
    file(MAKE_DIRECTORY ${stage})
    set(copy ${CMAKE_COMMAND} -E copy_if_different ${built}/libtoxlink.a ${built}/config ${stage})
    execute_process(COMMAND ${copy} COMMAND_ERROR_IS_FATAL ANY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
        ${stage}/config ${CMAKE_CURRENT_SOURCE_DIR}/Cargo.toml)

    # scripts/build knows best what is out of date, so it is asked each time; it is quick when nothing is.
    add_custom_target(toxlink-library-${version} ALL
        COMMAND ${command}
        COMMAND ${copy}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
        COMMENT "libtoxlink.a for toxcore ${version}"
        USES_TERMINAL VERBATIM)
    # One after the other: all versions share Cargo's directory.
    get_property(earlier GLOBAL PROPERTY toxlink_latest_library)
    if(earlier)
        add_dependencies(toxlink-library-${version} ${earlier})
    endif()
    set_property(GLOBAL PROPERTY toxlink_latest_library toxlink-library-${version})
endfunction()

# toxlink_target(NAME VERSION ARGS): an interface target with the contents of a response file.
function(toxlink_target name version args)
    set(built ${CMAKE_CURRENT_SOURCE_DIR}/build/${version})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${built}/${args})
    toxlink_read_args(${built}/${args} arguments)
    add_library(${name} INTERFACE)
    add_library(toxlink::${name} ALIAS ${name})
    add_dependencies(${name} toxlink-library-${version})
    target_include_directories(${name} SYSTEM INTERFACE ${built}/include)
    target_link_libraries(${name} INTERFACE ${arguments})
endfunction()

function(toxlink_read_args file result)
    file(READ ${file} text)
    separate_arguments(arguments UNIX_COMMAND "${text}")
    list(FILTER arguments EXCLUDE REGEX "^-I")
    # CMake drops a repeated word, so that another archive that is linked whole would take ours out of
    # its brackets, and the originals would be linked. One word stays whole.
    string(REPLACE "-Wl,--whole-archive;" "-Wl,--whole-archive," arguments "${arguments}")
    string(REPLACE ";-Wl,--no-whole-archive" ",--no-whole-archive" arguments "${arguments}")
    set(${result} "${arguments}" PARENT_SCOPE)
endfunction()

# The same small program with our modules and with the originals; its link maps are checked.
function(toxlink_probe_tests version)
    set(check_map ${CMAKE_CURRENT_SOURCE_DIR}/scripts/build --toxcore ${version} --check-map)
    foreach(kind "" "-original")
        set(original "")
        if(kind)
            set(original --original)
        endif()
        set(program probe${kind}-${version})
        set(map ${CMAKE_CURRENT_BINARY_DIR}/${program}.map)
        add_executable(${program} ctest/abi/probe.c)
        target_link_libraries(${program} PRIVATE toxlink::toxcore${kind}-${version})
        target_link_options(${program} PRIVATE -Wl,-Map,${map})
        add_test(NAME ${program} COMMAND ${program})
        add_test(NAME ${program}-map COMMAND ${check_map} ${map} ${original})
    endforeach()
    # What our modules offer beyond toxcore's functions is there when they are.
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/build/${version}/include/toxlink-statistics.h)
        add_executable(statistics-${version} ctest/abi/statistics.c)
        target_link_libraries(statistics-${version} PRIVATE toxlink::toxcore-${version})
        add_test(NAME statistics-${version} COMMAND statistics-${version})
    endif()
endfunction()

# Each directory of tests has a runner of its own. 77: what a test needs is not to be had. Those that
# make a whole system to play in are left to scripts/test; the standalone library has no version of toxcore.
function(toxlink_runner_tests version)
    file(GLOB runners CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/ctest/*/run)
    foreach(runner IN LISTS runners)
        cmake_path(GET runner PARENT_PATH name)
        cmake_path(GET name FILENAME name)
        if(name MATCHES "^(clients|package|standalone)$")
            continue()
        endif()
        add_test(NAME ${name}-${version} COMMAND ${runner} --toxcore ${version}
            WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        set_tests_properties(${name}-${version} PROPERTIES TIMEOUT 900 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
    endforeach()
endfunction()
