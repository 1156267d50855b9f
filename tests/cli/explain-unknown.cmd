nomem explain boom
