nomem explore --no-store --sites '[a-' -- ../crash
