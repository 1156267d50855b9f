nomem explore --image "lua*" -- ../crash
