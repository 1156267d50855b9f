nomem explore -- ../abort
