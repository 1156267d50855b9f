nomem explore --faults=transient -t 2 -- ../hang
