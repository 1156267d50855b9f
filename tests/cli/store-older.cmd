nomem explore -q --max-points 1 --store s.db -- ../good
# The version of its tables, as the one before wrote it.
printf '\000\000\000\004' | dd of=s.db bs=1 seek=60 conv=notrunc 2>dd.log
cp s.db before
nomem merge new.db s.db
nomem explore --store s.db -- ../good
status=$?
cmp before s.db && exit $status
