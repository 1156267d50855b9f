nomem explore -q -- ../crash >/dev/null
nomem explain 1 | sed 's/^crash-[0-9a-f]*/crash/'
nomem explain crash-0000
