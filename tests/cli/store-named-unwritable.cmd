nomem explore --store no/such/s.db -- ../handle
