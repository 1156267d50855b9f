/* SPDX-License-Identifier: MIT */
#include "subject.h"

const struct subject subject_plain = SUBJECT(false);
