nomem explore -- ../asan-shared
