/* SPDX-License-Identifier: MIT */
/* Makes the run of every finding once more, started anew and alone. What then ends otherwise is flaky; and where test
 * code may have ignored an error, runs with and without the fault tell whether it did. */
#ifndef NOMEM_CONFIRM_H
#define NOMEM_CONFIRM_H

#include "campaign.h"

/* Confirms those findings that have not been confirmed, unless the campaign is interrupted or fails. */
void nomem__confirm_findings(struct nomem__campaign *campaign);

#endif
