nomem explore -q -- ../crash >/dev/null
nomem replay 2
