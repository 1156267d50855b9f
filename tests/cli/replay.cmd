nomem explore -q -- ../crash >/dev/null
nomem replay crash 2>&1 | sed 's/^nomem: crash-[0-9a-f]*/nomem: crash/'
