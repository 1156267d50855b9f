/* SPDX-License-Identifier: MIT */
/* A module for Perl, as xsubpp would write it; with BUG it does not check what it allocates. */
#define PERL_NO_GET_CONTEXT
#include <EXTERN.h>
#include <XSUB.h>
#include <perl.h>
#undef malloc
#undef free

XS_EXTERNAL(XS_Shapes_twice) {
  dXSARGS;
  STRLEN bytes;
  const char *text = SvPV(ST(0), bytes);
  PERL_UNUSED_VAR(items);
  char *buffer = malloc(2 * bytes); /* unchecked */
#ifndef BUG
  if (buffer == NULL) croak("not enough memory");
#endif
  memcpy(buffer, text, bytes);
  memcpy(buffer + bytes, text, bytes);
  ST(0) = sv_2mortal(newSVpvn(buffer, 2 * bytes));
  free(buffer);
  XSRETURN(1);
}

XS_EXTERNAL(boot_Shapes) {
  dXSARGS;
  PERL_UNUSED_VAR(items);
  newXS("Shapes::twice", XS_Shapes_twice, __FILE__);
  XSRETURN_YES;
}
