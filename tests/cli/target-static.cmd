nomem explore -- ../static
