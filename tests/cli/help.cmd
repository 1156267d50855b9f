nomem --help
