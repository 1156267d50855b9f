nomem explore -- ../not-executable
