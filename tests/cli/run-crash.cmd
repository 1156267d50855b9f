nomem run --fail nth=1 -- ../crash
