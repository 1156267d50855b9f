nomem explore --jobs
