nomem diff a.db
