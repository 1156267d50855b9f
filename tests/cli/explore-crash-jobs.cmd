nomem explore -j2 --faults transient -- ../crash
