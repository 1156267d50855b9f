nomem explore -- ../static-script
