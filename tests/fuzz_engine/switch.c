/* SPDX-License-Identifier: MIT */
/* A target that sets the engine's variables itself when it starts.
 *
 *     -DWORDS='"off"'        what NOMEM_FUZZ is set to
 *     -DEXCEPT='"in=copy"'   what NOMEM_FUZZ_NOT is set to
 */
#include "parser.c"

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
#ifdef WORDS
  setenv("NOMEM_FUZZ", WORDS, 1);
#endif
#ifdef EXCEPT
  setenv("NOMEM_FUZZ_NOT", EXCEPT, 1);
#endif
  return 0;
}
