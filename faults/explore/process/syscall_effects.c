/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "syscall_effects.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/user.h>
#include <unistd.h>

#include "../../channel.h"
#include "../stack/process_memory.h"
#include "../text/varying_names.h"
#include "filter_words.h"

#define SHORT_PATH_BYTES 64

#define TRACE(effect) RETURN(SECCOMP_RET_TRACE | NOMEM_EFFECT_##effect)
#define ON_VALUE(value, further) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, further, 0)
#define ON(call, effect) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), TRACE(effect)
/* Six statements: an open matters when it may write. Little-endian: the low half of an argument comes first. */
#define ON_OPEN(call, flags)                                                                           \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 4), LOAD(args[flags]),                            \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0, 1), TRACE(FILES), \
      RETURN(SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    TRACE(UNKNOWN),
    LOAD(nr),
    ON_OPEN(open, 1),
    ON_OPEN(openat, 2),
    ON_OPEN(open_by_handle_at, 2),
    /* a mapping of huge pages, of which a fork may find none left; one that is shared and writable, or may become so */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 9),
    LOAD(args[3]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_HUGETLB, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 5),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 2, 0),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 2),
    TRACE(MEMORY),
    TRACE(UNFORKED),
    RETURN(SECCOMP_RET_ALLOW),
    /* memory that a fork does not get, or finds empty; not the injector's */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 7),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_DONTFORK, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_WIPEONFORK, 0, 3),
    LOAD(args[3]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NOMEM_ADVICE_MARK, 1, 0),
    TRACE(UNFORKED),
    RETURN(SECCOMP_RET_ALLOW),
    /* a process owns its locks alone; a signal for a file that is ready goes to the process that asked for it */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 13),
    LOAD(args[1]),
    ON_VALUE(F_SETLK, 9),
    ON_VALUE(F_SETLKW, 8),
    ON_VALUE(F_OFD_SETLK, 7),
    ON_VALUE(F_OFD_SETLKW, 6),
    ON_VALUE(F_SETLEASE, 5),
    ON_VALUE(F_SETOWN, 5),
    ON_VALUE(F_SETOWN_EX, 4),
    ON_VALUE(F_SETSIG, 3),
    ON_VALUE(F_NOTIFY, 2),
    RETURN(SECCOMP_RET_ALLOW),
    TRACE(LOCKS),
    TRACE(SIGNALS),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_PDEATHSIG, 0, 1),
    TRACE(SIGNALS),
    RETURN(SECCOMP_RET_ALLOW),
    /* a process or a thread that its tracer gets no event of; what clone3 makes is not in its arguments */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_UNTRACED, 0, 1),
    TRACE(PROCESSES),
    RETURN(SECCOMP_RET_ALLOW),
    ON(clone3, PROCESSES),
    ON(openat2, FILES),
    ON(creat, FILES),
    ON(unlink, FILES),
    ON(unlinkat, FILES),
    ON(rename, FILES),
    ON(renameat, FILES),
    ON(renameat2, FILES),
    ON(mkdir, FILES),
    ON(mkdirat, FILES),
    ON(rmdir, FILES),
    ON(link, FILES),
    ON(linkat, FILES),
    ON(symlink, FILES),
    ON(symlinkat, FILES),
    ON(truncate, FILES),
    ON(mknod, FILES),
    ON(mknodat, FILES),
    ON(chmod, FILES),
    ON(fchmod, FILES),
    ON(fchmodat, FILES),
    ON(fchown, FILES),
    ON(chown, FILES),
    ON(lchown, FILES),
    ON(fchownat, FILES),
    ON(utime, FILES),
    ON(utimes, FILES),
    ON(futimesat, FILES),
    ON(utimensat, FILES),
    ON(setxattr, FILES),
    ON(lsetxattr, FILES),
    ON(fsetxattr, FILES),
    ON(removexattr, FILES),
    ON(fremovexattr, FILES),
    ON(lremovexattr, FILES),
    ON(memfd_create, FILES),
    ON(flock, FILES),
    ON(bind, FILES),
    ON(socket, CHANNELS),
    ON(socketpair, CHANNELS),
    ON(pipe, CHANNELS),
    ON(pipe2, CHANNELS),
    ON(epoll_create, EVENTS),
    ON(epoll_create1, EVENTS),
    ON(eventfd, EVENTS),
    ON(eventfd2, EVENTS),
    ON(inotify_init, EVENTS),
    ON(inotify_init1, EVENTS),
    ON(fanotify_init, EVENTS),
    ON(signalfd, EVENTS),
    ON(signalfd4, EVENTS),
    ON(perf_event_open, EVENTS),
    /* These create more than a descriptor. */
    ON(io_uring_setup, MEMORY),
    ON(io_setup, MEMORY),
    ON(userfaultfd, MEMORY),
    ON(shmat, MEMORY),
    ON(semget, MEMORY),
    ON(msgget, MEMORY),
    ON(mq_open, MEMORY),
    ON(memfd_secret, MEMORY),
    ON(bpf, MEMORY),
    ON(add_key, MEMORY),
    ON(request_key, MEMORY),
    ON(keyctl, MEMORY),
    ON(timerfd_create, TIMERS),
    ON(setitimer, TIMERS),
    ON(alarm, TIMERS),
    ON(timer_create, TIMERS),
    /* To a number that the program has remembered; and one that is blocked does not wait for a fork as well. */
    ON(kill, SIGNALS),
    ON(tkill, SIGNALS),
    ON(tgkill, SIGNALS),
    ON(rt_sigqueueinfo, SIGNALS),
    ON(rt_tgsigqueueinfo, SIGNALS),
    ON(pidfd_open, SIGNALS),
    ON(pidfd_send_signal, SIGNALS),
    ON(mount, SYSTEM),
    ON(umount2, SYSTEM),
    ON(move_mount, SYSTEM),
    ON(pivot_root, SYSTEM),
    ON(unshare, SYSTEM),
    ON(setns, SYSTEM),
    ON(sethostname, SYSTEM),
    ON(setdomainname, SYSTEM),
    RETURN(SECCOMP_RET_ALLOW),
};

int nomem__effects_watch(void) {
  static const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ? -errno : 0;
}

/* Only a local socket with a path creates a file. */
static bool creates_socket(pid_t tid, unsigned long long address) {
  struct {
    sa_family_t family;
    char path[1];
  } name = {0};
  return nomem__process_read(tid, address, &name, sizeof name) > 0 && name.family == AF_UNIX && name.path[0] != '\0';
}

/* A file that may well be shared, or that belongs to the injector. */
static bool is_harmless(const char *path) {
  static const char *const exact[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/tty"};
  for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
    if (strcmp(path, exact[i]) == 0) return true;
  return strncmp(path, "/memfd:nomem-channel", 20) == 0;
}

/* Reads the path that a system call names, and follows the link when it is one of /proc. */
static void read_path(pid_t tid, unsigned long long address, char *path, size_t path_bytes) {
  size_t length = nomem__process_read(tid, address, path, path_bytes - 1);
  /* The mapping ends soon after: a shorter piece is enough for the paths that matter. */
  if (length == 0) length = nomem__process_read(tid, address, path, SHORT_PATH_BYTES);
  path[length] = '\0';
  if (strncmp(path, "/proc/", 6) != 0) return;
  char target[256];
  ssize_t target_length = readlink(path, target, sizeof target - 1);
  if (target_length > 0 && (size_t)target_length < path_bytes) {
    memcpy(path, target, (size_t)target_length);
    path[target_length] = '\0';
  }
}

static void read_descriptor(pid_t tid, long long fd, char *path, size_t path_bytes) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/fd/%lld", tid, fd);
  ssize_t length = readlink(link, path, path_bytes - 1);
  path[length > 0 ? length : 0] = '\0';
}

/* What is traced tells by itself what it is. */
static unsigned effects_of_clone(unsigned long long flags) {
  if ((flags & CLONE_UNTRACED) == 0) return 0;
  return (flags & CLONE_THREAD) != 0 ? NOMEM_EFFECT_THREADS : NOMEM_EFFECT_PROCESSES;
}

/* The flags are the first member of what clone3 is given. */
static unsigned effects_of_clone3(pid_t tid, unsigned long long address) {
  unsigned long long flags;
  return nomem__process_read(tid, address, &flags, sizeof flags) == sizeof flags ? effects_of_clone(flags)
                                                                                 : NOMEM_EFFECT_PROCESSES;
}

unsigned nomem__effects_of_stop(pid_t tid) {
  unsigned long effects = 0;
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &effects) != 0) return NOMEM_EFFECT_UNKNOWN;
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) return (unsigned)effects;
  char path[256] = "";
  switch (registers.orig_rax) {
    case SYS_open:
      read_path(tid, registers.rdi, path, sizeof path);
      break;
    case SYS_openat:
      read_path(tid, registers.rsi, path, sizeof path);
      break;
    case SYS_clone:
      return effects_of_clone(registers.rdi);
    case SYS_clone3:
      return effects_of_clone3(tid, registers.rdi);
    case SYS_bind:
      return creates_socket(tid, registers.rsi) ? (unsigned)effects : 0;
    case SYS_mmap:
      read_descriptor(tid, (int)registers.r8, path, sizeof path);
      break;
    default:
      break;
  }
  return is_harmless(path) ? 0 : (unsigned)effects;
}

/* The address of the path that a system call is to create; 0: it creates none. */
static unsigned long long created_path(const struct user_regs_struct *registers) {
  switch (registers->orig_rax) {
    case SYS_open:
      return (registers->rsi & O_CREAT) != 0 ? registers->rdi : 0;
    case SYS_openat:
      return (registers->rdx & O_CREAT) != 0 ? registers->rsi : 0;
    case SYS_creat:
    case SYS_mkdir:
    case SYS_mknod:
      return registers->rdi;
    case SYS_openat2:
    case SYS_mkdirat:
    case SYS_mknodat:
    case SYS_rename:
    case SYS_link:
    case SYS_symlink:
      return registers->rsi;
    case SYS_symlinkat:
      return registers->rdx;
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_linkat:
      return registers->r10;
    case SYS_bind:
      return registers->rsi + offsetof(struct sockaddr_un, sun_path);
    default:
      return 0;
  }
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

bool nomem__effects_creates_file(pid_t tid, const char *path) {
  struct user_regs_struct registers;
  char created[NOMEM__CREATED_PATH_BYTES];
  if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0) return false;
  unsigned long long address = created_path(&registers);
  if (address == 0) return false;
  read_path(tid, address, created, sizeof created);
  return nomem__names_are_similar(name_of(created), name_of(path));
}

const char *nomem__effect_text(unsigned effects) {
  static const char *const texts[] = {
#define X(upper, text) text,
      NOMEM_EFFECT_MAP(X)
#undef X
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (effects >> i & 1) return texts[i];
  return "";
}
