nomem run --fail "$(printf 'nth=1\033[2J')" -- ../good
