nomem exlpore -- ../good
