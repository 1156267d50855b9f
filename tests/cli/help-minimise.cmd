nomem help minimise
