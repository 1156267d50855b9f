# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # what is set here is used in ../../run.sh
row='go test, with cgo'
needs='go'
explored=1
apart='x_cgo_|^abort in fatalf ' # the run-time of Go ends a program that has no memory for a thread

# Go builds the sources in C that lie beside those in Go.
build() { cp src/*.[ch] . && GOPROXY=off go vet ./...; }

results() { sed -nE 's/^--- (PASS|FAIL): Test([A-Za-z]+) .*/\2 \1/p' out; }
