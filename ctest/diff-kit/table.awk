# SPDX-License-Identifier: GPL-3.0-or-later
#
# How the cells of the table of allowed differences are read; loaded before compare.awk and rows.awk.

function trim(text) {
    gsub(/^[ \t]+|[ \t]+$/, "", text)
    return text
}

# Whether a name is one of those in the first cell.
function listed(cell, name,    i, n, part) {
    n = split(trim(cell), part, /[ \t]+/)
    for (i = 1; i <= n; i++) {
        if (part[i] == name) {
            return 1
        }
    }
    return 0
}

# Whether a line of the table is a row that holds. Takes the lines in order: "[0.2.18 0.2.20]" makes
# those below it hold for these versions only (-v toxcore=VERSION), "[all]" for every one.
function is_row(text,    name) {
    if (text ~ /^[ \t]*(#|$)/) {
        return 0
    }
    if (trim(text) ~ /^\[.*\]$/) {
        name = trim(text)
        gsub(/[][]/, " ", name)
        other_version = !listed(name, "all") && !listed(name, toxcore)
        return 0
    }
    return !other_version
}
