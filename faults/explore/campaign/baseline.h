/* SPDX-License-Identifier: MIT */
/* The runs without a fault, before the first one with a fault: is there anything to explore, and would the answer mean
 * anything? */
#ifndef NOMEM_BASELINE_H
#define NOMEM_BASELINE_H

#include "campaign.h"

/* Runs the program twice without a fault and enters in the campaign what all later runs are compared with, its sites,
 * its points and the time limit. Returns 0, or a negative error code after one line on standard error that says what is
 * wrong and what to do about it. */
int nomem__baseline_run(struct nomem__campaign *campaign);

/* After how many milliseconds a run is a hang: wanted_ms, unless that is 0. baseline_us: how long the program takes. */
uint64_t nomem__baseline_timeout_ms(uint64_t wanted_ms, uint64_t baseline_us);

#endif
