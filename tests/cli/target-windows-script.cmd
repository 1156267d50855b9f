nomem explore -- ../windows-script
