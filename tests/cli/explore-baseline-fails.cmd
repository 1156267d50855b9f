nomem explore -- ../fail
