nomem sites -- ../static-linked
