nomem explore --faults=some -- ../good
