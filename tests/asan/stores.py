#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes a store at random, and has every command read it: it ends with a report or a refusal, and no sanitizer says
anything.

  stores.py NOMEM STORE PROGRAM ROUNDS     STORE: of an exploration of PROGRAM

What is changed in each round, and which command reads it, is a function of the round's number. Prints what went wrong;
exit status 0: nothing did. Sanitizers end the command with status 99 (ASAN_OPTIONS, UBSAN_OPTIONS).
"""
import os
import random
import shutil
import sqlite3
import subprocess
import sys

TEXTS = ["", "\xff", "'", "x" * 5000, "{}", "[]", "[null]", "1e999", '{"stack":[]}', "\033[31m\n", '["a"]', '{"hex":"zz"}',
         "99999999999999999999", "crash", "hang", "from", "site=1@1"]
VALUES = [0, 1, -1, 2**31, 2**32, 2**63 - 1, -2**63, 65536, 1.5, None, b"\xff\x00abc"]
LETTERS = ["9", "0", "-", '"', "}", "[", "]", ",", "\\", "e", ""]


def change_bytes(path, rng):
    """Overwrites, removes and inserts bytes of the file."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    for _ in range(rng.randint(1, 20)):
        at, kind = rng.randrange(len(data)), rng.random()
        if kind < 0.5:
            data[at] = rng.randrange(256)
        elif kind < 0.7:
            data[at:at + 4] = rng.choice([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff"])
        elif kind < 0.85 and len(data) > 8192:
            del data[at:at + rng.randint(1, 4096)]
        else:
            data[at:at] = rng.randbytes(rng.randint(1, 64))
    with open(path, "wb") as file:
        file.write(data)


def changed(old, rng):
    """Another value in place of this one: any at all, or the same text with other letters in it."""
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(TEXTS)
    if kind < 0.55 or not isinstance(old, str) or not old:
        return rng.choice(VALUES)
    letters = list(old)
    for _ in range(rng.randint(1, 4)):
        letters[rng.randrange(len(letters))] = rng.choice(LETTERS + [chr(rng.randrange(1, 0x300))])
    return "".join(letters)


def change_rows(path, rng):
    """Changes columns of some rows, so that the file stays a database."""
    database = sqlite3.connect(path)
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    for _ in range(rng.randint(1, 6)):
        table = rng.choice(tables)
        column = rng.choice([row[1] for row in database.execute(f"PRAGMA table_info({table})")])
        rows = database.execute(f"SELECT {column} FROM {table}").fetchall()
        if not rows:
            continue
        old = rng.choice(rows)[0]
        try:
            database.execute(f"UPDATE {table} SET {column}=? WHERE {column} IS ?", (changed(old, rng), old))
        except sqlite3.Error:
            pass  # the schema forbids it
    database.commit()
    database.close()


def main():
    """Makes the rounds."""
    nomem, store, program, rounds = sys.argv[1:4] + [int(sys.argv[4])]
    explore = [nomem, "explore", "--heap", "off", "--engine", "exec", "--max-points", "3"]
    commands = [[nomem, "replay", "--store", "changed.db"], [nomem, "replay", "--store", "changed.db", "1"],
                [nomem, "diff", "changed.db", store], [nomem, "diff", store, "changed.db"],
                [nomem, "merge", "merged.db", "changed.db", store], [nomem, "minimise", "--store", "changed.db", "1"],
                explore + ["--no-store", "--baseline", "changed.db", "--", program],
                explore + ["--store", "changed.db", "--json", "-", "--", program],
                [nomem, "explore", "--store", "changed.db", "--", program]]
    bad = 0
    for number in range(rounds):
        rng = random.Random(number)
        for name in os.listdir("."):
            if name.startswith(("changed.db", "merged.db")):
                os.unlink(name)
        shutil.copy(store, "changed.db")
        (change_rows if rng.random() < 0.75 else change_bytes)("changed.db", rng)
        command = rng.choice(commands)
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 timeout=120, check=False)
            status, seen = run.returncode, run.stdout
        except subprocess.TimeoutExpired as late:
            status, seen = "late", late.stdout or b""
        ends = {0, 1, 2} | ({128 + 6, 128 + 11} if command[1] == "replay" else set())  # the program's own
        if status in ends and not any(word in seen for word in (b"Sanitizer", b"runtime error", b"(null)", b"\033")):
            continue
        bad += 1
        print(f"round {number}: status {status} of {' '.join(command)}")
        print(seen[-2000:].decode(errors="backslashreplace"))
    print(f"{rounds} rounds, {bad} went wrong")
    return 1 if bad else 0


sys.exit(main())
