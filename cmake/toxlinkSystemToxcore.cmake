# SPDX-License-Identifier: GPL-3.0-or-later
#
# toxlink::toxcore: the system's libtoxcore.a with toxlink's modules in place. Included by
# toxlinkConfig.cmake. -DTOXLINK_LIBTOXCORE=FILE and -DTOXLINK_TOX_INCLUDE_DIR=DIR name others.
find_library(TOXLINK_LIBTOXCORE NAMES libtoxcore.a DOC "The static toxcore that toxlink goes into")
find_path(TOXLINK_TOX_INCLUDE_DIR NAMES tox/tox.h DOC "Where the header tox/tox.h of that toxcore is")
mark_as_advanced(TOXLINK_LIBTOXCORE TOXLINK_TOX_INCLUDE_DIR)

set(toxlink_toxcore_FOUND FALSE)
if(NOT TOXLINK_LIBTOXCORE OR NOT TOXLINK_TOX_INCLUDE_DIR)
    string(APPEND toxlink_NOT_FOUND_MESSAGE "there is no libtoxcore.a with its header tox/tox.h here "
        "(Debian: libtoxcore-dev; elsewhere: -DTOXLINK_LIBTOXCORE=FILE -DTOXLINK_TOX_INCLUDE_DIR=DIR). ")
    return()
endif()
_toxlink_header_version("${TOXLINK_TOX_INCLUDE_DIR}/tox/tox.h" toxlink_toxcore_VERSION)
if(NOT toxlink_toxcore_VERSION IN_LIST toxlink_TOXCORE_VERSIONS)
    string(APPEND toxlink_NOT_FOUND_MESSAGE "${TOXLINK_TOX_INCLUDE_DIR}/tox/tox.h is of toxcore "
        "'${toxlink_toxcore_VERSION}', and toxlink is installed for ${toxlink_TOXCORE_VERSIONS}. ")
    return()
endif()
get_target_property(toxlink_library toxlink::toxlink-${toxlink_toxcore_VERSION} IMPORTED_LOCATION)
if("${toxlink_library}${TOXLINK_LIBTOXCORE}" MATCHES "[ ,]")
    string(APPEND toxlink_NOT_FOUND_MESSAGE "the linker's options allow neither a space nor a comma in "
        "${toxlink_library} and ${TOXLINK_LIBTOXCORE}. ")
    return()
endif()
set(toxlink_toxcore_FOUND TRUE)

if(NOT TARGET toxlink::toxcore)
    foreach(property BEFORE AFTER PROGRAM_LIBRARIES)
        get_target_property(toxlink_${property} toxlink::toxlink-${toxlink_toxcore_VERSION} TOXLINK_${property})
    endforeach()
    # One word, so that nothing can come between: ours in any case, and before toxcore's.
    string(CONCAT toxlink_word
        "-Wl,${toxlink_BEFORE},${toxlink_library},${toxlink_AFTER}${TOXLINK_LIBTOXCORE}")
    add_library(toxlink::toxcore INTERFACE IMPORTED)
    set_target_properties(toxlink::toxcore PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${TOXLINK_TOX_INCLUDE_DIR};${toxlink_INCLUDE_DIR}"
        INTERFACE_LINK_DEPENDS "${toxlink_library};${TOXLINK_LIBTOXCORE}"
        INTERFACE_LINK_LIBRARIES "${toxlink_word};${toxlink_PROGRAM_LIBRARIES}")
    unset(toxlink_word)
    foreach(property BEFORE AFTER PROGRAM_LIBRARIES)
        unset(toxlink_${property})
    endforeach()
endif()
unset(toxlink_library)
