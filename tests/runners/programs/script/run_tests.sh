#!/bin/sh
# SPDX-License-Identifier: MIT
status=0
for test in put total label describe copy; do
  if $RUN "build/$test" >"build/$test.log"; then echo "$test: passed"; else echo "$test: failed" && status=1; fi
done
exit $status
