#!/bin/sh
# Fills the working directory with what the cases name: one program that can be injected, and one of each kind that
# cannot.
set -eu
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
# The simplest allocator: it never has anything.
cat >own.c <<'END'
#include <stddef.h>
void *malloc(size_t size);
void *malloc(size_t size) { return size ? NULL : NULL; }
int main(void) { return malloc(1) != NULL; }
END

"$cc" -g good.c -o good
"$cc" -static good.c -o static
"$cc" -fno-builtin own.c -o own-malloc
"$cc" -fsanitize=address good.c -o asan-shared
"$clang" -fsanitize=address good.c -o asan-static
"$clang" -fsanitize=memory good.c -o msan
"$clang" -fsanitize=thread good.c -o tsan
"$cc" -c good.c -o object
chmod +x object

cp good setuid && chmod u+s setuid
cp good not-executable && chmod a-x not-executable
head -c 5000 good >truncated && chmod +x truncated
# A 32-bit class byte, where ELF has it; and another machine's number.
cp good thirty-two && printf '\001' | dd of=thirty-two bs=1 seek=4 conv=notrunc
cp good foreign && printf '\026\000' | dd of=foreign bs=1 seek=18 conv=notrunc
mkdir folder
printf 'echo hello\n' >no-first-line && chmod +x no-first-line
printf '#!./static\n' >static-script && sed -i "s|\./|$PWD/|" static-script && chmod +x static-script
printf '#!/bin/sh\r\n' >windows-script && chmod +x windows-script
