# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lists the table's cells that matched nothing, so that the table cannot rot.
#   -v table=FILE   the table of allowed differences
#   -v toxcore=VERSION
#   -v ran=FILE     the scenarios that ran, with their modes, one a line
#   -v whole=1      these are all there are: a row must not name another
#   -v used=DIR     one file per scenario with the lines of compare.awk
# A row whose reason ends in ? may go unused: its difference depends on the platform.

function check(row, mark, cell, name) {
    if (cell != "-" && !((name, row, mark) in matched)) {
        print "    table row " row " (" name "): nothing differs like this " (mark == "<" ? "in the original" : "in ours") \
            ": " cell
    }
}

BEGIN {
    while ((getline name < ran) > 0) {
        all[++names] = name
        known[name] = 1
        sub(/\.(sim|tcp)$/, "", name)
        known[name] = 1
        name = all[names]
        while ((getline text < (used "/" name)) > 0) {
            split(text, part, " ")
            matched[name, part[1], part[2]] = 1
        }
        close(used "/" name)
    }
    line = 0
    while ((getline text < table) > 0) {
        line++
        if (!is_row(text)) {
            continue
        }
        split(text, cell, "|")
        count = split(trim(cell[1]), part, /[ \t]+/)
        for (i = 1; i <= count; i++) {
            if (whole && !(part[i] in known)) {
                print "    table row " line ": there is no scenario " part[i]
            }
        }
        if (trim(cell[4]) ~ /\?$/) {
            continue
        }
        for (i = 1; i <= names; i++) {
            base = all[i]
            sub(/\.(sim|tcp)$/, "", base)
            if (listed(cell[1], base) || listed(cell[1], all[i])) {
                check(line, "<", trim(cell[2]), all[i])
                check(line, ">", trim(cell[3]), all[i])
            }
        }
    }
}
