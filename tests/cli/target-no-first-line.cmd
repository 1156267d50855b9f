nomem explore -- ../no-first-line
