nomem -j2 explore -- ../good
