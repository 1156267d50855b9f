nomem explain crash
