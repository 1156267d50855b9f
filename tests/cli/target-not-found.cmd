nomem explore -- no-such-program
