/* SPDX-License-Identifier: MIT */
#include "control_run.h"

#include "confirm_rules.h"
#include "journal.h"

struct control {
  const struct nomem__campaign *campaign;
  bool has_ended, has_passed, has_crashed;
};

static void control_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct control *control = user;
  const struct nomem__end *end = &outcome->end;
  (void)worker;
  control->has_ended = !end->was_cancelled && end->start_error == 0;
  control->has_passed = control->has_ended && !end->timed_out && end->root_status == control->campaign->baseline_status;
  control->has_crashed = end->fatal_deaths > control->campaign->baseline_fatal_deaths;
}

static void run(struct control *control, struct nomem__campaign *campaign) {
  const struct nomem__run_request request = nomem__campaign_request(campaign, "", control_done, control);
  int result = nomem__worker_start(campaign->workers[0].worker, &request);
  if (result == 0)
    nomem__session_run(campaign->session);
  else
    nomem__campaign_give_up(campaign, result);
}

void nomem__control_run_make_again(struct nomem__campaign *campaign) {
  struct control control = {.campaign = campaign};
  bool is_in_doubt = false;
  if (!campaign->session->options->is_in_place || campaign->failed || campaign->has_lost_surroundings) return;
  for (size_t i = 0; i < campaign->findings.count; i++) is_in_doubt |= !campaign->findings.list[i].is_confirmed;
  if (!is_in_doubt || campaign->session->interrupted_by != 0) return;
  run(&control, campaign);
  campaign->has_lost_surroundings = !control.has_passed;
}

void nomem__control_run_make(struct nomem__campaign *campaign) {
  const struct nomem__session *session = campaign->session;
  struct control control = {.campaign = campaign};
  if (!session->options->is_in_place || campaign->failed) return;
  if (session->interrupted_by == 0 || campaign->baseline_us <= NOMEM__INTERRUPTED_US) run(&control, campaign);
  if (control.has_ended) nomem__journal_keep_runs(campaign, control.has_passed);
  if (control.has_passed) return;
  campaign->has_lost_surroundings = true;
  for (size_t i = 0; i < campaign->findings.count; i++) {
    struct nomem__finding *finding = &campaign->findings.list[i];
    finding->is_flaky |= control.has_crashed || !nomem__confirm_is_proof(finding);
    finding->is_confirmed = true;
  }
}
