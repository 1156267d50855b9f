nomem replay
