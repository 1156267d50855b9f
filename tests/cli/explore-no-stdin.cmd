nomem explore -- ../reader
