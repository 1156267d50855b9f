nomem explore -- ../thirty-two
