nomem explore -- ../msan
