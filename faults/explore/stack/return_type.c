/* SPDX-License-Identifier: MIT */
#include "return_type.h"

#include <dwarf.h>

static struct nomem__debug_result read_base_type(Dwarf_Die *type, unsigned bytes) {
  Dwarf_Attribute attribute;
  Dwarf_Word encoding = 0;
  struct nomem__debug_result result = {.bytes = bytes};
  if (dwarf_formudata(dwarf_attr(type, DW_AT_encoding, &attribute), &encoding) != 0) return result;
  if (encoding == DW_ATE_float) result.kind = NOMEM_RESULT_NONE; /* in no general register */
  if (encoding == DW_ATE_boolean) result.kind = NOMEM_RESULT_BOOL;
  if (encoding == DW_ATE_signed || encoding == DW_ATE_signed_char) result.kind = NOMEM_RESULT_SIGNED;
  if (encoding == DW_ATE_unsigned || encoding == DW_ATE_unsigned_char) result.kind = NOMEM_RESULT_UNSIGNED;
  return result;
}

struct nomem__debug_result nomem__return_type_of(Dwarf_Die *function) {
  struct nomem__debug_result result = {0};
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (!dwarf_formref_die(dwarf_attr_integrate(function, DW_AT_type, &attribute), &type)) {
    result.kind = NOMEM_RESULT_NONE;
    return result;
  }
  int bytes = dwarf_peel_type(&type, &type) == 0 ? dwarf_bytesize(&type) : 0;
  int tag = dwarf_tag(&type);
  result.bytes = bytes > 0 && bytes <= (int)sizeof(uint64_t) ? (unsigned)bytes : 0;
  if (tag == DW_TAG_pointer_type) result = (struct nomem__debug_result){NOMEM_RESULT_POINTER, sizeof(uint64_t)};
  if (tag == DW_TAG_enumeration_type && result.bytes > 0) result.kind = NOMEM_RESULT_SIGNED;
  return tag == DW_TAG_base_type && result.bytes > 0 ? read_base_type(&type, result.bytes) : result;
}

/* Compilers write only numbers below 0 in a form that has a sign. */
static bool read_value(Dwarf_Die *enumerator, int64_t *value) {
  Dwarf_Attribute attribute;
  Dwarf_Sword with_sign;
  Dwarf_Word number;
  if (dwarf_attr(enumerator, DW_AT_const_value, &attribute) == NULL) return false;
  unsigned form = dwarf_whatform(&attribute);
  bool has_sign = form == DW_FORM_sdata || form == DW_FORM_implicit_const;
  if (has_sign ? dwarf_formsdata(&attribute, &with_sign) != 0 : dwarf_formudata(&attribute, &number) != 0) return false;
  *value = has_sign ? with_sign : (int64_t)number;
  return true;
}

bool nomem__return_type_each_enumerator(Dwarf_Die *function, nomem__debug_visit_enumerator visit, void *user) {
  Dwarf_Attribute attribute;
  Dwarf_Die type, child;
  int64_t value;
  if (!dwarf_formref_die(dwarf_attr_integrate(function, DW_AT_type, &attribute), &type)) return false;
  if (dwarf_peel_type(&type, &type) != 0 || dwarf_tag(&type) != DW_TAG_enumeration_type) return false;
  if (dwarf_child(&type, &child) != 0) return true;
  do {
    const char *name = dwarf_tag(&child) == DW_TAG_enumerator ? dwarf_diename(&child) : NULL;
    if (name != NULL && read_value(&child, &value)) visit(user, name, value);
  } while (dwarf_siblingof(&child, &child) == 0);
  return true;
}
