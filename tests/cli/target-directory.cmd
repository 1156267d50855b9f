nomem explore -- ../folder
