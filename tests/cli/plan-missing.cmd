nomem run -- ../good
