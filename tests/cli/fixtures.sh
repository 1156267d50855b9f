#!/bin/sh
# SPDX-License-Identifier: MIT
# Fills the working directory with what the cases name: programs that can be injected, one for each way to meet a
# failure, and one of each kind that cannot.
set -eu
build=$1
cc=${CC:-gcc}
clang=${CLANG:-clang}

cat >good.c <<'END'
#include <stdlib.h>
int main(void) {
  void *block = malloc(1);
  free(block);
  return block == NULL;
}
END
cat >nothing.c <<'END'
int main(void) { return 0; }
END
# Uses what it got without a look; aborts; waits for ever. One allocation each, and none in the C library.
cat >crash.c <<'END'
#include <stdlib.h>
static char *make(void) {
  char *block = malloc(6);
  block[0] = 'x';
  return block;
}
int main(void) {
  free(make());
  return 0;
}
END
cat >abort.c <<'END'
#include <stdlib.h>
int main(void) {
  void *block = malloc(6);
  if (block == NULL) abort();
  free(block);
  return 0;
}
END
cat >hang.c <<'END'
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  void *block = malloc(6);
  while (block == NULL) pause();
  free(block);
  return 0;
}
END
# Goes on without: no difference to be seen.
cat >handle.c <<'END'
#include <stdlib.h>
int main(void) {
  for (int i = 0; i < 4; i++) free(malloc(6));
  return 0;
}
END
# Allocates only when it is given something to read.
cat >reader.c <<'END'
#include <stdlib.h>
#include <unistd.h>
int main(void) {
  char byte;
  while (read(0, &byte, 1) == 1) {
    void *block = malloc(6);
    if (block == NULL) return 1;
    free(block);
  }
  return 0;
}
END
cat >fail.c <<'END'
#include <stdlib.h>
int main(void) {
  free(malloc(6));
  return 3;
}
END
# The simplest allocator: it never has anything.
cat >own.c <<'END'
#include <stddef.h>
void *malloc(size_t size);
void *malloc(size_t size) { return size ? NULL : NULL; }
int main(void) { return malloc(1) != NULL; }
END

for name in good nothing crash abort hang handle reader fail; do "$cc" -g -fno-builtin "$name.c" -o "$name"; done
"$cc" -static good.c -o static
"$cc" -fno-builtin own.c -o own-malloc
"$clang" -fsanitize=address good.c -o asan-static
"$clang" -fsanitize=memory good.c -o msan
"$clang" -fsanitize=thread good.c -o tsan
"$cc" -static -Wl,-z,muldefs good.c "$build/nomem-link.o" -o static-linked
# The note of a nomem-link.o that lays the channel out in another way.
printf '.section .note.nomem,"a",@note\n.long 6,8,1\n.asciz "nomem"\n.balign 4\n.quad 1\n' >note.s
"$cc" -static good.c note.s -o stale-linked
"$cc" -c good.c -o object
chmod +x object

cp good setuid && chmod u+s setuid
cp good not-executable && chmod a-x not-executable
head -c 5000 good >truncated && chmod +x truncated
# A 32-bit class byte, where ELF has it; and another machine's number.
cp good thirty-two && printf '\001' | dd of=thirty-two bs=1 seek=4 conv=notrunc
cp good foreign && printf '\026\000' | dd of=foreign bs=1 seek=18 conv=notrunc
# shellcheck disable=SC2016 # expanded when the script runs
printf '#!/bin/sh\nexec "${0%%/*}/crash"\n' >script && chmod +x script
mkdir folder
printf 'echo hello\n' >no-first-line && chmod +x no-first-line
printf '#!./static\n' >static-script && sed -i "s|\./|$PWD/|" static-script && chmod +x static-script
printf '#!/bin/sh\r\n' >windows-script && chmod +x windows-script
