nomem explore --no-trace -- ../crash
