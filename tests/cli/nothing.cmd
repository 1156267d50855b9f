nomem
