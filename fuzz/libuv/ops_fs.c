/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { BATCH_MAX = 6, ENTRIES_MAX = 8, FILES_IN_D = 3 };

enum kind {
  OPEN,
  OPEN_MISSING,
  STAT,
  LSTAT,
  ACCESS,
  READLINK,
  REALPATH,
  SCANDIR,
  STATFS,
  CHMOD,
  UTIME,
  LUTIME,
  CHOWN,
  LCHOWN,
  MKDIR,
  RMDIR_MISSING,
  UNLINK_MISSING,
  MKDTEMP,
  MKSTEMP,
  RENAME,
  LINK,
  SYMLINK,
  COPY,
  READ,
  WRITE,
  FSTAT,
  FSYNC,
  FDATASYNC,
  TRUNCATE,
  SENDFILE,
  FCHMOD,
  FCHOWN,
  FUTIME,
  CLOSE,
  KINDS
};

/* One request, from start to clean-up. It may be made any number of times. */
struct request {
  enum kind kind;
  bool async, done;
  unsigned nbufs;
  int file;
  int result;
  uv_fs_t req;
  uint8_t bytes[WORLD_FILE_BYTES];
};

static void on_done(uv_fs_t *req) {
  struct request *request = req->data;
  CHECK(!request->done, "a file request called back twice");
  request->done = true;
}

static int submit_path(struct request *request, uv_fs_cb callback) {
  char path[WORLD_PATH_BYTES];
  uv_fs_t *req = &request->req;
  static const char *const names[KINDS] = {
      [OPEN] = "f",
      [OPEN_MISSING] = "none",
      [STAT] = "f",
      [LSTAT] = "l",
      [ACCESS] = "f",
      [READLINK] = "l",
      [REALPATH] = "l",
      [SCANDIR] = "d",
      [STATFS] = "",
      [CHMOD] = "f",
      [UTIME] = "f",
      [LUTIME] = "l",
      [CHOWN] = "f",
      [LCHOWN] = "l",
      [MKDIR] = "made",
      [RMDIR_MISSING] = "none",
      [UNLINK_MISSING] = "none",
      [MKDTEMP] = "tXXXXXX",
      [MKSTEMP] = "tXXXXXX",
  };
  world_path(path, names[request->kind]);
  switch (request->kind) {
    case OPEN:
    case OPEN_MISSING:
      return uv_fs_open(&world_loop, req, path, O_RDONLY, 0, callback);
    case STAT:
      return uv_fs_stat(&world_loop, req, path, callback);
    case LSTAT:
      return uv_fs_lstat(&world_loop, req, path, callback);
    case ACCESS:
      return uv_fs_access(&world_loop, req, path, R_OK, callback);
    case READLINK:
      return uv_fs_readlink(&world_loop, req, path, callback);
    case REALPATH:
      return uv_fs_realpath(&world_loop, req, path, callback);
    case SCANDIR:
      return uv_fs_scandir(&world_loop, req, path, 0, callback);
    case STATFS:
      return uv_fs_statfs(&world_loop, req, path, callback);
    case CHMOD:
      return uv_fs_chmod(&world_loop, req, path, 0600, callback);
    case UTIME:
      return uv_fs_utime(&world_loop, req, path, 1, 1, callback);
    case LUTIME:
      return uv_fs_lutime(&world_loop, req, path, 1, 1, callback);
    case CHOWN:
      return uv_fs_chown(&world_loop, req, path, (uv_uid_t)-1, (uv_gid_t)-1, callback);
    case LCHOWN:
      return uv_fs_lchown(&world_loop, req, path, (uv_uid_t)-1, (uv_gid_t)-1, callback);
    case MKDIR:
      return uv_fs_mkdir(&world_loop, req, path, 0700, callback);
    case RMDIR_MISSING:
      return uv_fs_rmdir(&world_loop, req, path, callback);
    case UNLINK_MISSING:
      return uv_fs_unlink(&world_loop, req, path, callback);
    case MKDTEMP:
      return uv_fs_mkdtemp(&world_loop, req, path, callback);
    default:
      return uv_fs_mkstemp(&world_loop, req, path, callback);
  }
}

static int submit_paths(struct request *request, uv_fs_cb callback) {
  char from[WORLD_PATH_BYTES], to[WORLD_PATH_BYTES];
  uv_fs_t *req = &request->req;
  world_path(from, "f");
  world_path(to, "to");
  switch (request->kind) {
    case RENAME:
      return uv_fs_rename(&world_loop, req, from, to, callback);
    case LINK:
      return uv_fs_link(&world_loop, req, from, to, callback);
    case SYMLINK:
      return uv_fs_symlink(&world_loop, req, from, to, 0, callback);
    default:
      return uv_fs_copyfile(&world_loop, req, from, to, UV_FS_COPYFILE_EXCL, callback);
  }
}

static int submit_file(struct request *request, uv_fs_cb callback) {
  uv_buf_t bufs[WORLD_BUFS_MAX];
  uv_fs_t *req = &request->req;
  size_t each = WORLD_FILE_BYTES / WORLD_BUFS_MAX;
  if (request->kind == WRITE) fuzz_fill(request->bytes, sizeof request->bytes, 1);
  for (unsigned i = 0; i < request->nbufs; i++)
    bufs[i] = uv_buf_init((char *)&request->bytes[i * each], (unsigned)each);
  switch (request->kind) {
    case READ:
      return uv_fs_read(&world_loop, req, request->file, bufs, request->nbufs, 0, callback);
    case WRITE:
      return uv_fs_write(&world_loop, req, request->file, bufs, request->nbufs, 0, callback);
    case FSTAT:
      return uv_fs_fstat(&world_loop, req, request->file, callback);
    case FSYNC:
      return uv_fs_fsync(&world_loop, req, request->file, callback);
    case FDATASYNC:
      return uv_fs_fdatasync(&world_loop, req, request->file, callback);
    case TRUNCATE:
      return uv_fs_ftruncate(&world_loop, req, request->file, WORLD_FILE_BYTES, callback);
    case FCHMOD:
      return uv_fs_fchmod(&world_loop, req, request->file, 0600, callback);
    case FCHOWN:
      return uv_fs_fchown(&world_loop, req, request->file, (uv_uid_t)-1, (uv_gid_t)-1, callback);
    case FUTIME:
      return uv_fs_futime(&world_loop, req, request->file, 1, 1, callback);
    case CLOSE:
      return uv_fs_close(&world_loop, req, request->file, callback);
    default:
      return uv_fs_sendfile(&world_loop, req, request->file, request->file, 0, WORLD_FILE_BYTES, callback);
  }
}

static int submit(struct request *request) {
  uv_fs_cb callback = request->async ? on_done : NULL;
  char path[WORLD_PATH_BYTES];
  request->done = false;
  memset(&request->req, 0, sizeof request->req);
  request->req.data = request;
  world_path(path, "f");
  request->file = open(path, O_RDWR | O_CLOEXEC);
  CHECK(request->file >= 0, "cannot open '%s'", path);
  if (request->kind < RENAME) return submit_path(request, callback);
  return request->kind < READ ? submit_paths(request, callback) : submit_file(request, callback);
}

static void check_listing(uv_fs_t *req) {
  uv_dirent_t entry;
  unsigned count = 0;
  while (uv_fs_scandir_next(req, &entry) != UV_EOF) count++;
  CHECK(count == FILES_IN_D, "uv_fs_scandir lists %u of %u files", count, (unsigned)FILES_IN_D);
}

/* After a success everything must have been done, even if an allocation failed on the way. */
static void check_success(struct request *request) {
  char path[WORLD_PATH_BYTES];
  uv_fs_t *req = &request->req;
  ssize_t bytes = request->nbufs * (ssize_t)(WORLD_FILE_BYTES / WORLD_BUFS_MAX);
  switch (request->kind) {
    case READLINK:
      CHECK(req->ptr && !strcmp(req->ptr, "f"), "uv_fs_readlink reads '%s'", req->ptr ? (char *)req->ptr : "NULL");
      break;
    case REALPATH:
      world_path(path, "f");
      CHECK(req->ptr && strstr(req->ptr, "/w/f"), "uv_fs_realpath returns '%s'", req->ptr ? (char *)req->ptr : "NULL");
      break;
    case SCANDIR:
      check_listing(req);
      break;
    case STATFS:
      CHECK(req->ptr, "uv_fs_statfs succeeds with nothing");
      break;
    case MKDTEMP:
    case MKSTEMP:
      CHECK(access(req->path, R_OK) == 0, "'%s' was made, and is not there", req->path);
      break;
    case STAT:
    case FSTAT:
      CHECK(uv_fs_get_statbuf(req)->st_size == WORLD_FILE_BYTES, "a file of %u bytes has %u",
            (unsigned)WORLD_FILE_BYTES, (unsigned)uv_fs_get_statbuf(req)->st_size);
      break;
    case READ:
      CHECK(fuzz_intact(request->bytes, (size_t)bytes, 1) == (size_t)bytes, "uv_fs_read reads other bytes");
      CHECK(req->result == bytes, "uv_fs_read of %zd bytes reads %zd", bytes, req->result);
      break;
    case WRITE:
      CHECK(req->result == bytes, "uv_fs_write of %zd bytes writes %zd", bytes, req->result);
      break;
    default:
      break;
  }
}

/* Undoes what the request did, so that it can be made again. */
static void undo(struct request *request) {
  char from[WORLD_PATH_BYTES], to[WORLD_PATH_BYTES];
  world_path(from, "f");
  world_path(to, "to");
  if (request->result >= 0 && (request->kind == OPEN || request->kind == MKSTEMP)) close((int)request->req.result);
  if (request->result >= 0 && request->kind == RENAME) rename(to, from);
  if (request->kind >= LINK && request->kind <= COPY) unlink(to);
  world_path(to, "made");
  if (request->kind == MKDIR) rmdir(to);
  if (request->kind != CLOSE || request->result < 0) close(request->file);
}

/* What can be asked of a request says what its members do. */
static void check_getters(const uv_fs_t *req) {
  CHECK(uv_fs_get_result(req) == req->result && uv_fs_get_type(req) == req->fs_type,
        "a request says other than it has");
  CHECK(uv_fs_get_ptr(req) == req->ptr && uv_fs_get_path(req) == req->path, "a request says other than it has");
  CHECK(req->result >= 0 || uv_fs_get_system_error(req) == (int)-req->result, "an error of the system is another");
}

static int finish(struct request *request, int submitted) {
  request->result = submitted < 0 ? submitted : (int)request->req.result;
  if (submitted >= 0) check_getters(&request->req);
  if (request->result >= 0) check_success(request);
  undo(request);
  uv_fs_req_cleanup(&request->req);
  return request->result < 0 ? request->result : 0;
}

static int make_request(void *argument) {
  struct request *request = argument;
  int submitted = submit(request);
  if (submitted >= 0 && request->async) world_wait("a file request", &request->done);
  return finish(request, submitted);
}

static int wanted_of(enum kind kind) {
  return kind == OPEN_MISSING || kind == RMDIR_MISSING || kind == UNLINK_MISSING ? UV_ENOENT : 0;
}

static void read_request(struct request *request, uint8_t kind, uint8_t nbufs, bool async) {
  *request = (struct request){.kind = kind % KINDS, .async = async, .nbufs = 1u + nbufs % WORLD_BUFS_MAX};
}

void op_fs(struct fuzz_step step) {
  struct request request;
  read_request(&request, step.a, step.b, step.c & 1);
  world_try(request.async ? "a file request in the pool" : "a file request", make_request, &request,
            wanted_of(request.kind));
}

/* Blocks the pool's only thread while the batch is submitted. Otherwise its allocations and the loop's would come in
 * any order, and nth= in the plan would mean another one each time. */
struct blocker {
  uv_work_t work;
  uv_sem_t release;
  bool done;
};

static void wait_for_release(uv_work_t *work) {
  uv_sem_wait(&((struct blocker *)work->data)->release);
}

static void on_released(uv_work_t *work, int status) {
  (void)status;
  ((struct blocker *)work->data)->done = true;
}

static void block_pool(struct blocker *blocker) {
  blocker->work.data = blocker;
  CHECK(uv_sem_init(&blocker->release, 0) == 0, "uv_sem_init failed");
  int result = uv_queue_work(&world_loop, &blocker->work, wait_for_release, on_released);
  CHECK(result == 0, "uv_queue_work returned %s", uv_err_name(result));
}

static void release_pool(struct blocker *blocker) {
  uv_sem_post(&blocker->release);
  world_wait("uv_queue_work", &blocker->done);
  uv_sem_destroy(&blocker->release);
}

/* Step: the first kind; how many requests, and which of them is cancelled; buffers. Only kinds that do not affect one
 * another. */
void op_fs_batch(struct fuzz_step step) {
  struct request requests[BATCH_MAX];
  struct blocker blocker = {.done = false};
  int submitted[BATCH_MAX];
  unsigned count = 1 + step.b % BATCH_MAX, cancelled = step.b / BATCH_MAX;
  uint64_t before = memory_faults();
  block_pool(&blocker);
  for (unsigned i = 0; i < count; i++) {
    unsigned kind = (step.a + i) % KINDS;
    read_request(&requests[i], (uint8_t)(kind >= RENAME && kind <= COPY ? STAT : kind), step.c, true);
    submitted[i] = submit(&requests[i]);
    if (submitted[i] < 0 || i != cancelled) continue;
    int result = uv_cancel((uv_req_t *)&requests[i].req);
    CHECK(result == 0, "uv_cancel of a waiting request returned %s", uv_err_name(result));
  }
  release_pool(&blocker);
  for (unsigned i = 0; i < count; i++) {
    if (submitted[i] >= 0) world_wait("a request of a batch", &requests[i].done);
    int wanted = i == cancelled && submitted[i] >= 0 ? UV_ECANCELED : wanted_of(requests[i].kind);
    world_judge("a request of a batch", finish(&requests[i], submitted[i]), wanted, before);
  }
}

struct listing {
  bool async;
  unsigned at_once; /* entries read by one call */
};

static int wait_for(struct request *request, int submitted) {
  if (submitted >= 0 && request->async) world_wait("a directory request", &request->done);
  return submitted < 0 ? submitted : (int)request->req.result;
}

static int read_entries(struct request *request, uv_dir_t *dir, unsigned *count) {
  int result;
  do {
    request->done = false;
    result = wait_for(request, uv_fs_readdir(&world_loop, &request->req, dir, request->async ? on_done : NULL));
    for (int i = 0; i < result; i++) CHECK(dir->dirents[i].name, "uv_fs_readdir gives an entry without a name");
    if (result > 0) *count += (unsigned)result;
    uv_fs_req_cleanup(&request->req);
  } while (result > 0);
  return result;
}

static int list(void *argument) {
  const struct listing *listing = argument;
  struct request request = {.async = listing->async};
  uv_fs_cb callback = listing->async ? on_done : NULL;
  uv_dirent_t entries[ENTRIES_MAX];
  char path[WORLD_PATH_BYTES];
  unsigned count = 0;
  request.req.data = &request;
  world_path(path, "d");
  int result = wait_for(&request, uv_fs_opendir(&world_loop, &request.req, path, callback));
  uv_dir_t *dir = request.req.ptr;
  uv_fs_req_cleanup(&request.req);
  if (result < 0) return result;
  dir->dirents = entries;
  dir->nentries = listing->at_once;
  result = read_entries(&request, dir, &count);
  CHECK(result < 0 || count == FILES_IN_D, "uv_fs_readdir lists %u of %u files", count, (unsigned)FILES_IN_D);
  request.done = false;
  int closed = wait_for(&request, uv_fs_closedir(&world_loop, &request.req, dir, callback));
  uv_fs_req_cleanup(&request.req);
  CHECK(closed == 0, "uv_fs_closedir returned %s", uv_err_name(closed));
  return result;
}

void op_directory(struct fuzz_step step) {
  struct listing listing = {step.a & 1, 1 + step.b % ENTRIES_MAX};
  world_try("a listing", list, &listing, 0);
}
