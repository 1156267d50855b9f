nomem run --fail 'nth=1; color=red' -- ../good
