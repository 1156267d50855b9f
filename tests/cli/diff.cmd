nomem explore -q --store a.db -- ../crash >/dev/null
nomem explore -q --store b.db -- ../abort >/dev/null
nomem diff a.db b.db | sed 's/-[0-9a-f]* / /'
