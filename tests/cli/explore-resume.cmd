nomem explore -q -- ../crash >first || :
nomem explore -- ../crash
