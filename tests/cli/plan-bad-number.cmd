nomem run --fail nth=x -- ../good
