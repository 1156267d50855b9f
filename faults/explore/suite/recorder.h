/* SPDX-License-Identifier: MIT */
/* Runs a runner once, as it is, and records which programs it starts. Nothing is loaded into them: ptrace shows each
 * one that is executed, and its end. */
#ifndef NOMEM_RECORDER_H
#define NOMEM_RECORDER_H

#include "../options/options.h"
#include "recording.h"

/* Runs options->program with the standard streams of the command, and fills in the caller's empty recording. A signal
 * that would end the command, or --timeout, ends the runner, and the recording is what there was until then. Returns 0,
 * or a negative error code after one line on standard error: nothing was recorded then. */
int nomem__record(const struct nomem__options *options, struct nomem__recording *recording);

#endif
