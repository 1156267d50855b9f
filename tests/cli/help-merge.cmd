nomem help merge
