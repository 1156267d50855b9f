/* SPDX-License-Identifier: MIT */
/* Tries every finding once more, by a run that is started anew and alone. */
#ifndef NOMEM_CONFIRM_H
#define NOMEM_CONFIRM_H

#include "campaign.h"

/* Starts it; the loop has then to be run until nothing goes on. */
void nomem__confirm_start(struct nomem__campaign *campaign);

/* Once all of it is over. */
void nomem__confirm_end(struct nomem__campaign *campaign);

#endif
