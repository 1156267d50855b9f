nomem explore --json x --html x -- ../good
