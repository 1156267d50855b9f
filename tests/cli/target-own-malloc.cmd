nomem explore -- ../own-malloc
