nomem run -t 1 --fail nth=1 -- ../hang
