nomem explore -- ../good
