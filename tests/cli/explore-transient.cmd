nomem explore --faults transient -- ../abort
