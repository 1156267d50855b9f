nomem explore -- ../setuid
