# SPDX-License-Identifier: GPL-3.0-or-later
#
# Judges the differences of one scenario. Reads `diff original ours` from standard input.
#   -v table=FILE      the table of allowed differences
#   -v toxcore=VERSION
#   -v scenario=NAME   with its mode: TC-01.sim
#   -v used=FILE       gets a line "row side" for each cell of the table that matched
# Prints the differences without a row; then, in the last line, the reasons of the others.

# A cell as a regular expression: * stands for anything.
function expression(cell,    i, c, out) {
    out = "^"
    for (i = 1; i <= length(cell); i++) {
        c = substr(cell, i, 1)
        if (c == "*") {
            out = out ".*"
        } else if (index("\\^$.[]()+?{}|/", c) > 0) {
            out = out "\\" c
        } else {
            out = out c
        }
    }
    return out "$"
}

BEGIN {
    base = scenario
    sub(/\.(sim|tcp)$/, "", base)
    line = 0
    while ((getline text < table) > 0) {
        line++
        if (!is_row(text)) {
            continue
        }
        if (split(text, cell, "|") != 5) {
            print "table row " line " has not five columns"
            continue
        }
        if (!listed(cell[1], base) && !listed(cell[1], scenario)) {
            continue
        }
        count++
        row[count] = line
        side[count, "<"] = trim(cell[2]) == "-" ? "" : expression(trim(cell[2]))
        side[count, ">"] = trim(cell[3]) == "-" ? "" : expression(trim(cell[3]))
        reason[count] = trim(cell[4])
    }
    reasons = ""
}

/^[<>] / {
    mark = substr($0, 1, 1)
    body = substr($0, 3)
    found = 0
    for (i = 1; i <= count; i++) {
        if (side[i, mark] != "" && body ~ side[i, mark]) {
            found = 1
            print row[i], mark >> used
            if (index(" " reasons " ", " " reason[i] " ") == 0) {
                reasons = reasons == "" ? reason[i] : reasons " " reason[i]
            }
        }
    }
    if (!found) {
        print "    " (mark == "<" ? "original: " : "ours:     ") body
    }
}

END {
    print "reasons: " reasons
}
