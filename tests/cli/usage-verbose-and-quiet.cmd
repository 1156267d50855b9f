nomem explore -vq -- ../good
