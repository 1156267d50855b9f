nomem explore -- ../script
