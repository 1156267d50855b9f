nomem --help >/dev/full
