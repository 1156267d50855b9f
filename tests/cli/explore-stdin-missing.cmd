nomem explore --stdin missing -- ../reader
