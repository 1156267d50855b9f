nomem explore -q -- ../crash >/dev/null
nomem replay | sed 's/-[0-9a-f]* / /'
