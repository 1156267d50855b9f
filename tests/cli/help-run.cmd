nomem help run
