#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

@test "put" {
  $RUN build/put
}

@test "total" {
  $RUN build/total
}

@test "label" {
  $RUN build/label
}

@test "describe" {
  $RUN build/describe
}

@test "copy" {
  $RUN build/copy
}
