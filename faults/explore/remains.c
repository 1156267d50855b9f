#include "remains.h"

void nomem__remains_look(struct nomem__remains *remains, pid_t pid, const struct nomem_channel *channel) {
  nomem__remains_clear(remains);
  remains->has_ledger = nomem__ledger_read(pid, channel, &remains->left) == 0;
}

void nomem__remains_count(struct nomem__remains *remains, const struct nomem_channel *channel) {
  remains->is_known = channel->watch != NOMEM_WATCH_NONE && channel->watched.pid != 0;
  remains->live = channel->watched.live;
}

bool nomem__remains_take_left(struct nomem__remains *remains, struct nomem__left_list *left) {
  *left = remains->left;
  remains->left = (struct nomem__left_list){0};
  return remains->has_ledger;
}

void nomem__remains_clear(struct nomem__remains *remains) {
  nomem__left_free(&remains->left);
  *remains = (struct nomem__remains){0};
}
