nomem explore -- ../tsan
