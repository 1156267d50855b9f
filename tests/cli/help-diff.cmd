nomem help diff
