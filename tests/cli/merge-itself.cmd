nomem explore -q --store a.db -- ../crash >/dev/null
nomem merge ./a.db a.db
