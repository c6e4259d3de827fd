# SPDX-License-Identifier: GPL-3.0-or-later
#
# The standalone library: how CMake calls scripts/build for it, and the targets of this tree.

# As toxlink_build, in stage/standalone of the build tree.
function(toxlink_build_standalone)
    set(source ${CMAKE_CURRENT_SOURCE_DIR})
    set(command ${source}/scripts/build --standalone --crypto ${TOXLINK_CRYPTO})
    if(TOXLINK_LIBRARY_ONLY)
        list(APPEND command --library-only)
    endif()
    set(built ${source}/build/standalone)
    set(stage ${CMAKE_CURRENT_BINARY_DIR}/stage/standalone)
    execute_process(COMMAND ${command} WORKING_DIRECTORY ${source} RESULT_VARIABLE status)
    if(status)
        message(FATAL_ERROR "toxlink: scripts/build failed for the standalone library; its last lines above say why")
    endif()
    toxlink_config_value(${built}/config version library_version)
    toxlink_config_value(${built}/config soname soname)
    set(library libtoxlink.so.${library_version})
    file(MAKE_DIRECTORY ${stage}/include)
    set(copy ${CMAKE_COMMAND} -E copy_if_different ${built}/${library} ${built}/libtoxlink.a ${built}/toxlink-relay
        ${built}/config ${stage})
    set(copy_header ${CMAKE_COMMAND} -E copy_if_different ${built}/include/toxlink.h ${stage}/include)
    execute_process(COMMAND ${copy} COMMAND ${copy_header} COMMAND_ERROR_IS_FATAL ANY)
    file(CREATE_LINK ${library} ${stage}/${soname} SYMBOLIC)
    file(CREATE_LINK ${soname} ${stage}/libtoxlink.so SYMBOLIC)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${stage}/config ${source}/Cargo.toml)
    add_custom_target(toxlink-standalone ALL
        COMMAND ${command}
        COMMAND ${copy}
        COMMAND ${copy_header}
        WORKING_DIRECTORY ${source}
        COMMENT "libtoxlink, standalone"
        USES_TERMINAL VERBATIM)
    # One after the other, as with the toxcore versions.
    get_property(earlier GLOBAL PROPERTY toxlink_latest_library)
    if(earlier)
        add_dependencies(toxlink-standalone ${earlier})
    endif()
    set_property(GLOBAL PROPERTY toxlink_latest_library toxlink-standalone)

    toxlink_config_value(${stage}/config native words)
    separate_arguments(words UNIX_COMMAND "${words}")
    toxlink_library_names("${words}" libraries gcc_s c)
    foreach(kind SHARED STATIC)
        set(name toxlink)
        set(file ${stage}/${library})
        if(kind STREQUAL "STATIC")
            set(name toxlink-static)
            set(file ${stage}/libtoxlink.a)
        endif()
        add_library(toxlink::${name} ${kind} IMPORTED GLOBAL)
        add_dependencies(toxlink::${name} toxlink-standalone)
        set_target_properties(toxlink::${name} PROPERTIES
            IMPORTED_LOCATION ${file}
            INTERFACE_INCLUDE_DIRECTORIES ${stage}/include)
    endforeach()
    set_target_properties(toxlink::toxlink PROPERTIES IMPORTED_SONAME ${soname})
    set_target_properties(toxlink::toxlink-static PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
endfunction()

# A program with either library.
function(toxlink_standalone_tests)
    foreach(kind "" "-static")
        add_executable(standalone-probe${kind} ctest/standalone/probe.c)
        target_link_libraries(standalone-probe${kind} PRIVATE toxlink::toxlink${kind})
        add_test(NAME standalone-probe${kind} COMMAND standalone-probe${kind})
    endforeach()
    # These install what they need through apt.
    if(NOT TOXLINK_LIBRARY_ONLY)
        foreach(runner install run)
            if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/ctest/standalone/${runner})
                add_test(NAME standalone-${runner} COMMAND ctest/standalone/${runner}
                    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
                set_tests_properties(standalone-${runner} PROPERTIES
                    TIMEOUT 900 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
            endif()
        endforeach()
    endif()
endfunction()
