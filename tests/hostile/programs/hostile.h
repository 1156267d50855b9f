/* SPDX-License-Identifier: MIT */
/* Programs that do to the command that explores them what programs may do, and more; each in two ways.
 *
 * Every behaviour sets its scene and then makes the same one allocation: carefully, and gives up with status 1 when it
 * fails, or carelessly, and crashes. So it is known of each what has to come out: nothing is found, or one crash in
 * careless(); whatever the scene is. What a behaviour does after the failure, instead, says tests/hostile/table.
 *
 * Without a command that explores them, all end with status 0 within a moment, unless the table says otherwise. A scene
 * that the machine does not allow ends with NOT_HERE.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* clang-format off */
#define BEHAVIOUR_MAP(X)                                                                                              \
  /* signals.c */                                                                                                     \
  X(block_all) X(ignore_all) X(handle_all) X(handler_returns) X(handler_allocates) X(small_signal_stack)              \
  X(timer_storm) X(alarm_ends) X(realtime_queue) X(realtime_death) X(realtime_death_always) X(signal_descriptor)      \
  X(jump_out) X(probes_memory) X(children_ignored) X(timer_signals)                                                   \
  /* deaths.c */                                                                                                      \
  X(death_ill) X(death_fpe) X(death_bus) X(death_sys) X(death_trap) X(death_quit) X(death_pipe) X(crash_sent)         \
  X(abort_caught) X(abort_ignored) X(abort_blocked) X(abort_jumps) X(trap_handled) X(trap_flag) X(stop_self)          \
  X(stop_always) X(stopped_continued) X(stop_group) X(kill_group) X(term_group) X(kill_parent) X(term_parent)         \
  X(hup_parent) X(stop_parent) X(kill_command) X(term_command) X(hup_command) X(stop_command)                         \
  /* daemons.c */                                                                                                     \
  X(daemon_plain) X(daemon_wiped) X(daemon_large) X(daemon_undumpable) X(daemon_named) X(daemon_subreaper)            \
  X(daemon_chain) X(daemon_deaf) X(daemon_threads) X(daemon_spawned) X(daemon_no_death_signal) X(daemon_kills_parent) \
  X(daemon_holds_output) X(many_children) X(exits_before_child) X(clone_untraced) X(clone_untraced_session)           \
  X(clone_parent) X(clone_parent_untraced) X(clone_namespaces) X(clone_pid_namespace) X(clone_under_fault)            \
  /* processes.c */                                                                                                   \
  X(fork_storm) X(fork_crowd) X(zombies) X(child_crashes_always) X(grandchild_crashes) X(child_aborts)                \
  X(vfork_execs) X(vfork_exits) X(clone_memory) X(clone_silent) X(comm_odd) X(reaps_all) X(child_stops)               \
  X(process_descriptor) X(own_group) X(idle_priority) X(changes_user) X(changes_root) X(trace_child) X(trace_me)      \
  X(trace_parent) X(trace_command) X(undumpable)                                                                      \
  /* execs.c */                                                                                                       \
  X(exec_self) X(exec_other) X(exec_memory) X(exec_script) X(exec_bare) X(exec_thread) X(exec_chain) X(exec_missing)  \
  X(exec_unloaded) X(exec_child) X(exec_vfork) X(exec_inherits) X(exec_large) X(exec_other_name)                      \
  /* environment.c */                                                                                                 \
  X(environment_wiped) X(environment_rewritten) X(environment_gone) X(arguments_rewritten) X(name_rewritten)          \
  /* limits.c */                                                                                                      \
  X(limit_space) X(limit_processes) X(limit_descriptors) X(limit_no_descriptors) X(limit_file_size) X(limit_stack)    \
  X(limit_core) X(limit_processor) X(limit_locked) X(limit_data) X(limit_signals)                                     \
  /* memory.c */                                                                                                      \
  X(huge_requests) X(size_max) X(million) X(many_sites) X(all_functions) X(tuned) X(trimmed) X(own_break) X(locked)   \
  X(locked_all) X(not_forked) X(wiped_on_fork) X(huge_pages) X(many_mappings) X(shared_memory) X(no_time_counter)     \
  X(writes_own_text) X(high_places) X(unprovided_frames) X(unprovided_shared) X(unprovided_name) \
  /* stacks.c */                                                                                                      \
  X(deep_recursion) X(stack_overflow) X(small_thread_stack) X(own_stack) X(broken_frame) X(no_unwind_table)           \
  X(made_code) X(zeroed_frames) X(clobbered_registers)                                                                \
  /* output.c */                                                                                                      \
  X(flood) X(flood_always) X(flood_errors) X(flood_child) X(sparse) X(sparse_always) X(sparse_seek) X(sparse_errors)  \
  X(odd_text) X(long_line) X(closes_all) X(closes_output) X(replaces_output) X(shrinks_output) X(output_flags)        \
  X(seals_output) X(maps_output) X(reads_input)                                                                       \
  /* files.c */                                                                                                       \
  X(leaves_folder) X(removes_folder) X(renames_itself) X(removes_itself) X(odd_file_names) X(many_files)              \
  X(deep_folders) X(forbidden_folders) X(special_files) X(mounts) X(locks_files) X(changes_terminal) X(no_umask)      \
  X(names_loop)                                                                                                       \
  /* threads.c */                                                                                                     \
  X(outlives_main) X(main_returns) X(thread_forks) X(thread_exits) X(crowd) X(thread_ended) X(detached)               \
  X(thread_names) X(hang_lock) X(hang_busy) X(hang_deaf) X(hang_child) X(raw_thread) X(own_folder)                    \
  /* ends.c */                                                                                                        \
  X(constructor) X(destructor) X(exit_handler) X(exit_twice) X(thread_destructor) X(fork_handlers) X(quick_end)       \
  X(bare_end) X(thread_end) X(abort_handler_allocates)                                                                \
  /* sandbox.c */                                                                                                     \
  X(seccomp_strict) X(seccomp_few) X(seccomp_from_start) X(seccomp_no_identity) X(seccomp_refuses) X(seccomp_trap)    \
  X(seccomp_trace)                                                                                                    \
  /* channel.c */                                                                                                     \
  X(channel_ones) X(channel_zeros) X(channel_cut) X(channel_grown) X(channel_filled) X(channel_unmapped)              \
  X(channel_read_only)                                                                                                \
  X(channel_written) X(channel_check_leaks) X(channel_plan) X(channel_busy) X(channel_sealed) X(scribble)
/* clang-format on */

#define X(name) int name(void);
BEHAVIOUR_MAP(X)
#undef X

#define NOT_HERE 77 /* the machine does not allow the scene */
#define SCENE_BROKEN 3

/* The allocation that everything is about. False: it failed, and who called it is to give up. */
bool allocates(void);

/* What follows a scene in most behaviours: the program's exit status. */
int end_of_scene(void);

extern bool is_careless;
extern const char *behaviour_name; /* its own */
extern const char *argument;       /* the argument after the way, or NULL */
extern char **arguments;           /* all, from the program's own name on */

/* Executes the file with this behaviour, this way, and one more argument; returns only if that fails. */
void execute(const char *path, const char *more);

/* Sleeps for so long that nobody waits for it, but not for ever: two minutes. */
_Noreturn void sleep_long(void);

/* Sleeps for milliseconds, whatever signals come. */
void sleep_ms(long milliseconds);

/* A child process that calls the function and ends with what it returns. */
pid_t child(int (*function)(void));

/* The parent of this process's parent: of a program that is explored, the command. */
pid_t grandparent(void);

/* Waits for it and returns its status as waitpid has it; -1: no such child. */
int await(pid_t pid);

/* Where a behaviour may make files with a name of their own, which nobody else has: FORMAT is given it. */
const char *file_of_own(const char *folder);

#endif
