# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts toxlink into toxcore's own build without a change of toxcore's files:
#
#   cmake -S c-toxcore -B build -DCMAKE_PROJECT_toxcore_INCLUDE=.../toxlink/into-toxcore.cmake
#
# TOXLINK_TARGETS names the targets, if they are not toxcore_static and toxcore_shared;
# TOXLINK_MODULES the modules to replace, if not all. CMake reads this file inside project(),
# when the targets do not exist yet: the work is done at the end of that directory.
if(CMAKE_VERSION VERSION_LESS 3.20)
    message(FATAL_ERROR "toxlink: CMake 3.20 or later is needed, this is ${CMAKE_VERSION}")
endif()
cmake_policy(PUSH)
cmake_policy(VERSION 3.20)
find_package(toxlink REQUIRED PATHS "${CMAKE_CURRENT_LIST_DIR}" NO_DEFAULT_PATH)

function(_toxlink_replace_in_toxcore)
    set(targets ${TOXLINK_TARGETS})
    if(NOT targets)
        foreach(target toxcore_static toxcore_shared)
            if(TARGET ${target})
                list(APPEND targets ${target})
            endif()
        endforeach()
    endif()
    if(NOT targets)
        message(FATAL_ERROR "toxlink: the project ${PROJECT_NAME} has neither toxcore_static nor "
            "toxcore_shared. Name its targets with -DTOXLINK_TARGETS=\"...\".")
    endif()
    foreach(target IN LISTS targets)
        toxlink_replace_modules(${target})
    endforeach()
endfunction()

# A call that is deferred at the very end of the directory sees every target with all its sources.
cmake_language(DEFER CALL _toxlink_replace_in_toxcore)
cmake_policy(POP)
