nomem sites --image /bin/lua -- ../good
