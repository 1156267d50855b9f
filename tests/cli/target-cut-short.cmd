nomem explore -- ../truncated
