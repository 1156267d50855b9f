mkdir .nomem
mkdir .nomem/store.db
nomem explore -- ../handle
