nomem explore -- ../handle
