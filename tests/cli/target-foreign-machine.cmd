nomem explore -- ../foreign
