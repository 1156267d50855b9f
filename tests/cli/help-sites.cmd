nomem sites -h
