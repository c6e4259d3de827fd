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
