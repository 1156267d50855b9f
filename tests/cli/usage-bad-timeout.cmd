nomem explore --timeout 1e3 -- ../good
