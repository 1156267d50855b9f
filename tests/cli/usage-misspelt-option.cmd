nomem explore --job=2 -- ../good
