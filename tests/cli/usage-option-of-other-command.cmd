nomem run --all --fail nth=1 -- ../good
