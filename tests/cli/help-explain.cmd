nomem help explain
