nomem explore --shard 4/3 -- ../crash
