nomem sites -- ../static
