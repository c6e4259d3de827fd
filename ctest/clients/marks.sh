# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What a picture of utox shows. Needs ImageMagick.

# utox's colour for online; busy, away and offline have others.
ONLINE='#6bc260'

# both_marks_green PICTURE: the marks behind one's own name and behind the first friend's are green.
both_marks_green() {
    _green "$1" 30x30+200+17 && _green "$1" 30x24+200+84
}

# At least 20 pixels of the area have the colour.
_green() {
    [ "$(convert "$1" -crop "$2" +repage -fuzz 4% -fill white -opaque "$ONLINE" -fill black +opaque white \
        -format '%[fx:mean*w*h]' info: | awk '{ print int($1 + 0.5) }')" -ge 20 ]
}
