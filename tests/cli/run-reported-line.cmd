# The line that explore prints reproduces what it found.
line=$(nomem explore -- ../crash | sed -n "s/^ *reproduce: //p" | head -n 1)
echo "$line"
eval "$line"
