printf abc | nomem run --stdin - --fail nth=2 -- ../reader
