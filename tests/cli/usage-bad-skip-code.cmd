nomem explore --skip-code 256 -- ../good
