# The text report then goes to standard error. Left out: the stack frames of the C library.
status=0
nomem explore --quiet --tap - -- ../crash >tap || status=$?
grep -v '"#[2-9]' tap
exit $status
