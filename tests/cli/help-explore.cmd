nomem explore --help
