# SPDX-License-Identifier: MIT
"""terminal.py COLUMNS FILE COMMAND...: runs a command on a terminal so wide, writes what it prints there to FILE, and
prints how wide the widest line is, sequences that set colours not counted. Ends with the command's exit status."""
import fcntl, os, pty, re, struct, sys, termios

columns, path, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.execvp(command[0], command)
text = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:  # the last process that had the terminal has ended
        break
    if not part:
        break
    text += part
text = text.decode().replace("\r\n", "\n")
with open(path, "w") as file:
    file.write(text)
print(max(len(re.sub("\033\\[[0-9;]*[mK]", "", line)) for line in re.split("[\r\n]", text)))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
