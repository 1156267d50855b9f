nomem explore -- ../object
