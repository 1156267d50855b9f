#!/bin/sh
# SPDX-License-Identifier: MIT
# A job array for Slurm: as many machines as the array has explore one test suite, each its share, and the one that is
# started when all are done joins what they found. The project's folder must be one that all machines have, built there.
#
#   cd PROJECT
#   array=$(sbatch --parsable --array=1-3 slurm.sh)
#   sbatch --dependency=afterany:"$array" slurm.sh join
#
# SUITE is the command that runs the tests, SHARDS the folder for the parts (default: make check, .nomem/shards). The
# output of the second job is the report; its exit status is nomem's.
#SBATCH --job-name=nomem
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
set -eu
suite=${SUITE:-make check}
shards=${SHARDS:-.nomem/shards}
mkdir -p "$shards"

if [ "${1:-explore}" = join ]; then
  nomem merge .nomem/suite.db "$shards"/*.db
  # The same programs in the same folder: all is known, so the suite runs once and nothing else does.
  # shellcheck disable=SC2086 # a command and its arguments
  exec nomem suite --store .nomem/suite.db --html .nomem/suite.html --json .nomem/suite.json -- $suite
fi

# Several machines run the suite at a time, each in a folder of its own if its tests write to theirs.
shard=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
status=0
# shellcheck disable=SC2086
nomem suite --quiet --jobs "${SLURM_CPUS_PER_TASK:-2}" --shard "$shard" --store "$shards/$SLURM_ARRAY_TASK_ID.db" \
  -- $suite || status=$?
# 1: there are findings, which the report has. 2: nothing could be explored.
[ "$status" -le 1 ]
