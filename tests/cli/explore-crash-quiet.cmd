nomem explore -q ../crash
