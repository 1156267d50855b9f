nomem explore -q -- ../stale-linked
