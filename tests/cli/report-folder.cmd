nomem explore --junit .. -- ../good
