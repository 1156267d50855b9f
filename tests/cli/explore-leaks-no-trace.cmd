nomem explore --leaks all --no-trace -- ../good
