nomem explore --no-store --sites '^no_such_function$' -- ../crash
