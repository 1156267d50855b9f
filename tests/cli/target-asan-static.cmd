nomem explore -- ../asan-static
