nomem diff a.db b.db
