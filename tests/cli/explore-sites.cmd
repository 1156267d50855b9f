nomem explore --no-store --sites '^make$' --faults transient -- ../crash
nomem explore --no-store --sites 'crash\.c:8$' --faults transient --quiet -- ../crash >/dev/null || echo "found by its line, too"
