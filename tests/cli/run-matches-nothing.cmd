nomem run --fail nth=9 -- ../good
