nomem explore --baseline none.db -- ../crash
