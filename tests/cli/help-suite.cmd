nomem help suite
