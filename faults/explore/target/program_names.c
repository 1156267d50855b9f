/* SPDX-License-Identifier: MIT */
#include "program_names.h"

#include <stdio.h>
#include <string.h>

#include "../../program_kinds.h"
#include "interpreters.h"

static bool is_below(const char *path, const char *const folders[], size_t count) {
  for (size_t i = 0; i < count; i++)
    if (strncmp(path, folders[i], strlen(folders[i])) == 0) return true;
  return false;
}

bool nomem__is_part_of_system(const char *path) {
  static const char *const system_folders[] = {"/bin/",   "/sbin/",      "/usr/",       "/lib/",
                                               "/lib64/", "/nix/store/", "/gnu/store/", "/snap/"};
  static const char *const local_folders[] = {"/usr/local/", "/usr/src/"};
  return is_below(path, system_folders, sizeof system_folders / sizeof *system_folders) &&
         !is_below(path, local_folders, sizeof local_folders / sizeof *local_folders);
}

/* Adds a name to a list, unless it is in there already or does not fit. */
static void add_name(char names[NOMEM_GLOB_BYTES], const char *name) {
  char list[NOMEM_GLOB_BYTES + 4], sought[NOMEM_PATH_BYTES + 4];
  snprintf(list, sizeof list, ", %s,", names);
  snprintf(sought, sizeof sought, ", %s,", name);
  size_t used = strlen(names);
  if (strstr(list, sought) == NULL && used + strlen(", ") + strlen(name) < NOMEM_GLOB_BYTES)
    snprintf(names + used, NOMEM_GLOB_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

/* Returns whether it is an interpreter that is installed. */
static bool note_interpreter(const char path[NOMEM_PATH_BYTES], struct nomem__programs *programs) {
  if (nomem__interpreter_of(path) == NULL || !nomem__is_installed_program(path)) return false;
  add_name(programs->interpreter_names, nomem__base_name(path));
  if (programs->interpreter_path[0] == '\0') memcpy(programs->interpreter_path, path, NOMEM_PATH_BYTES);
  return true;
}

void nomem__programs_list(const struct nomem_channel *channel, struct nomem__programs *programs) {
  *programs = (struct nomem__programs){0};
  for (uint32_t i = 0; i < channel->image_count && i < NOMEM_IMAGES; i++) {
    char path[NOMEM_PATH_BYTES];
    snprintf(path, sizeof path, "%.*s", NOMEM_PATH_BYTES - 1, channel->images[i].path);
    bool is_interpreter = note_interpreter(path, programs);
    if (!channel->images[i].injected) continue;
    const char *name = nomem__base_name(path);
    programs->has_interpreter |= is_interpreter;
    programs->has_project |= !is_interpreter && !nomem__is_part_of_system(path);
    add_name(nomem__is_part_of_system(path) ? programs->system_names : programs->project_names, name);
    if (programs->first_path[0] == '\0')
      memcpy(programs->first_path, path, sizeof path);
    else if (strcmp(programs->first_path, path) != 0)
      add_name(programs->other_names, name);
  }
}
