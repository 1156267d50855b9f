nomem explore --under-test 'src/*,,lib/*' -- ../good
