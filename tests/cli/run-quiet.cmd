nomem run -q --fail nth=1 -- ../good
