echo text >s.db
nomem explore --store s.db -- ../crash
