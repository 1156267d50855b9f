nomem explore -- ../nothing
