nomem explore
