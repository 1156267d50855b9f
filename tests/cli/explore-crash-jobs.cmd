nomem explore -j2 -- ../crash
