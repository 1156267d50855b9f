nomem explore --suppress none.supp -- ../crash
