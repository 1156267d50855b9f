nomem ../good
