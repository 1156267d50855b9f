nomem run --fail nth=1 -- ../good
