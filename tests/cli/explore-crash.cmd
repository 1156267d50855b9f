nomem explore -- ../crash
