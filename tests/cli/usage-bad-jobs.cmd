nomem explore -j 0 -- ../good
