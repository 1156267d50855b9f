nomem sites -- ../handle
