nomem help replay
