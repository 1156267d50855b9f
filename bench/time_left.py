#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command on a terminal and compares the time left that it shows with what it then took.

    bench/time_left.py NAME COMMAND...

Counts what was shown after the first tenth of the time and more than a second before the end. Within: at least half and
at most twice the truth, or one second from it, which is as close as whole seconds can be. Ends the command after five
minutes.
"""
import os
import pty
import re
import select
import signal
import sys
import time

LIMIT_SECONDS = 300


def watch(command):
    """Returns how long it took, and when it showed which time left, in seconds."""
    began = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(NOMEM_STORE="", TERM="xterm")
        os.execvp(command[0], command)
    shown = []
    while True:
        if time.monotonic() - began > LIMIT_SECONDS:
            os.kill(pid, signal.SIGTERM)
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            text = os.read(terminal, 65536)
        except OSError:
            break
        if not text:
            break
        shown += [(time.monotonic() - began, int(left)) for left in re.findall(rb"(\d+) s left", text)]
    os.waitpid(pid, 0)
    return time.monotonic() - began, shown


def main():
    name, command = sys.argv[1], sys.argv[2:]
    total, shown = watch(command)
    counted = [(left, total - at) for at, left in shown if at > total / 10 and total - at > 1]
    within = sum(truth / 2 <= left <= truth * 2 or abs(left - truth) <= 1 for left, truth in counted)
    part = f"{100 * within / len(counted):.0f} %" if counted else "nothing shown"
    print(f"{name}: {total:.1f} s, time left shown {len(counted)} times, right within a factor of two: {part}")


if __name__ == "__main__":
    main()
