nomem --version
