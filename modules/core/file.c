/* modules/core/file.c - see file.h */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BUFFER = 256 * 1024 };

struct FileChain {
  EVP_MD_CTX *sha;
  int used;              /* holds the bytes of a file already */
};

struct FileWriter {
  char *path, *temp;
  int fd;                /* -1: closed */
  EVP_MD_CTX *sha;
  FileChain *chain;      /* NULL: none */
  int chain_first;       /* the chain takes over this file's own hash when it ends */
  uint64_t bytes, lines;
  uint64_t summed;       /* bytes hashed and counted so far */
  int marks;             /* are they asked for? */
  uint64_t *mark;        /* [nmarks] */
  size_t nmarks, cap_marks;
  size_t used;           /* of buffer */
  char buffer[FILE_BUFFER];
};

/* ---- SHA-256 ---- */

static EVP_MD_CTX *sha_new(void) {
  EVP_MD_CTX *c = EVP_MD_CTX_new();
  if (c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1) return c;
  EVP_MD_CTX_free(c);
  return NULL;
}

static int sha_hex(EVP_MD_CTX *c, char hex[FILE_SHA256_HEX]) {
  unsigned char digest[32];
  if (EVP_DigestFinal_ex(c, digest, NULL) != 1) return -1;
  for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  return 0;
}

FileChain *file_chain_new(void) {
  FileChain *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->sha = sha_new();
  if (c->sha != NULL) return c;
  free(c);
  return NULL;
}

void file_chain_free(FileChain *c) {
  if (c == NULL) return;
  EVP_MD_CTX_free(c->sha);
  free(c);
}

int file_chain_hex(FileChain *c, char hex[FILE_SHA256_HEX]) { return sha_hex(c->sha, hex); }

void file_set_marks(FileWriter *w) {
  w->marks = 1;
}

void file_set_chain(FileWriter *w, FileChain *c) {
  w->chain = c;
  w->chain_first = !c->used;
  c->used = 1;
}

/* ---- the writer ---- */

void file_abort(FileWriter *w) {
  if (w == NULL) return;
  if (w->fd >= 0) close(w->fd);
  if (w->temp != NULL) unlink(w->temp);
  EVP_MD_CTX_free(w->sha);
  free(w->mark);
  free(w->path);
  free(w->temp);
  free(w);
}

/* A name nobody has: the pid and a counter behind the path; tried until one is free. */
static int open_temp(FileWriter *w, unsigned mode) {
  size_t room = strlen(w->path) + 40;
  w->temp = malloc(room);
  if (w->temp == NULL) return -1;
  for (int i = 0; i < 1000; i++) {
    snprintf(w->temp, room, "%s.%ld-%d.tmp", w->path, (long)getpid(), i);
    w->fd = open(w->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (w->fd >= 0 || errno != EEXIST) break;
  }
  if (w->fd >= 0) return 0;
  int code = errno;
  free(w->temp);
  w->temp = NULL;
  errno = code;
  return -1;
}

/* A rename would put a file where a device or a folder was: that is never meant. */
static int is_free(const char *path) {
  struct stat st;
  return lstat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISLNK(st.st_mode);
}

FileWriter *file_create(const char *path, unsigned mode, Error *err) {
  FileWriter *w = malloc(sizeof *w);
  if (w == NULL) {
    error_memory(err);
    return NULL;
  }
  w->path = strdup(path);
  w->temp = NULL;
  w->fd = -1;
  w->chain = NULL;
  w->chain_first = 0;
  w->bytes = w->lines = w->summed = w->used = 0;
  w->marks = 0;
  w->mark = NULL;
  w->nmarks = w->cap_marks = 0;
  w->sha = sha_new();
  if (w->path == NULL || w->sha == NULL) error_memory(err);
  else if (!is_free(path)) error_set(err, "cannot make %s: it is there and no regular file", path);
  else if (open_temp(w, mode) == 0) return w;
  else error_errno(err, "cannot make %s", path);
  file_abort(w);
  return NULL;
}

static int write_failed(const FileWriter *w, uint64_t at, Error *err) {
  const char *path = w->path;
  unsigned long long byte = (unsigned long long)at;
  switch (errno) {
    case ENOSPC: return error_set(err, "cannot write %s: the disk is full (at byte %llu)", path, byte);
    case EDQUOT: return error_set(err, "cannot write %s: the disk quota is used up (at byte %llu)", path, byte);
    case EFBIG: return error_set(err, "cannot write %s: it would grow past the limit on file size (at byte %llu)", path, byte);
    default: return error_errno(err, "cannot write %s (at byte %llu)", path, byte);
  }
}

/* Hands bytes to the disk; `at` is the place of the first in the file. */
static int put(const FileWriter *w, const char *bytes, size_t len, uint64_t at, Error *err) {
  for (size_t done = 0; done < len;) {
    ssize_t n = write(w->fd, bytes + done, len - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return write_failed(w, at + done, err);
    done += (size_t)n;
  }
  return 0;
}

static int add_mark(FileWriter *w, uint64_t at) {
  if (w->nmarks == w->cap_marks) {
    size_t cap = w->cap_marks == 0 ? 64 : 2 * w->cap_marks;
    uint64_t *mark = realloc(w->mark, cap * sizeof *mark);
    if (mark == NULL) return -1;
    w->mark = mark;
    w->cap_marks = cap;
  }
  w->mark[w->nmarks++] = at;
  return 0;
}

/* 0, or -1 if out of memory. */
static int count_lines(FileWriter *w, const char *bytes, size_t len) {
  const char *p = bytes;
  for (const char *end = p + len; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
    if (++w->lines % FILE_MARK == 0 && w->marks && add_mark(w, w->summed + (uint64_t)(p + 1 - bytes)) != 0) return -1;
  w->summed += len;
  return 0;
}

static int sum(FileWriter *w, const char *bytes, size_t len, Error *err) {
  if (count_lines(w, bytes, len) != 0) return error_memory(err);
  int bad = EVP_DigestUpdate(w->sha, bytes, len) != 1;
  if (w->chain != NULL && !w->chain_first) bad |= EVP_DigestUpdate(w->chain->sha, bytes, len) != 1;
  return bad ? error_set(err, "cannot hash %s: libcrypto refused", w->path) : 0;
}

/* Hashes are taken of whole buffers, not of every small piece. */
static int flush(FileWriter *w, Error *err) {
  if (sum(w, w->buffer, w->used, err) != 0) return -1;
  if (put(w, w->buffer, w->used, w->bytes - w->used, err) != 0) return -1;
  w->used = 0;
  return 0;
}

int file_write(FileWriter *w, const void *bytes, size_t len, Error *err) {
  if (len >= FILE_BUFFER - w->used) {
    if (flush(w, err) != 0) return -1;
    if (len >= FILE_BUFFER) {   /* goes as it is, past the buffer */
      if (sum(w, bytes, len, err) != 0 || put(w, bytes, len, w->bytes, err) != 0) return -1;
      w->bytes += len;
      return 0;
    }
  }
  if (len > 0) memcpy(w->buffer + w->used, bytes, len);
  w->used += len;
  w->bytes += len;
  return 0;
}

int file_sync(const char *path, Error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_errno(err, "cannot open %s", path);
  int r = fsync(fd);
  /* Some file systems cannot sync a folder, and say so. */
  if (r != 0 && (errno == EINVAL || errno == EROFS || errno == ENOTSUP)) r = 0;
  if (r != 0) error_errno(err, "cannot sync %s", path);
  close(fd);
  return r;
}

static int sync_folder_of(const char *path, Error *err) {
  const char *slash = strrchr(path, '/');
  if (slash == NULL) return file_sync(".", err);
  char *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
  if (dir == NULL) return error_memory(err);
  int r = file_sync(dir, err);
  free(dir);
  return r;
}

static int close_file(FileWriter *w, Error *err) {
  if (fsync(w->fd) != 0 && errno != EINVAL) return write_failed(w, w->bytes, err);
  int r = close(w->fd);
  w->fd = -1;
  if (r != 0 && errno != EINTR) return write_failed(w, w->bytes, err);
  if (rename(w->temp, w->path) != 0) return error_errno(err, "cannot name %s", w->path);
  free(w->temp);
  w->temp = NULL;
  return sync_folder_of(w->path, err);
}

int file_finish(FileWriter *w, FileSum *out, Error *err) {
  int r = flush(w, err) != 0 || close_file(w, err) != 0 ? -1 : 0;
  if (r == 0 && w->chain_first && EVP_MD_CTX_copy_ex(w->chain->sha, w->sha) != 1) r = error_memory(err);
  if (r == 0 && out != NULL) {
    out->bytes = w->bytes;
    out->lines = w->lines;
    out->mark = w->mark;
    out->nmarks = w->nmarks;
    w->mark = NULL;
    if (sha_hex(w->sha, out->sha256) != 0) r = error_memory(err);
  }
  if (r != 0 && w->temp == NULL) unlink(w->path);   /* it had its name already */
  file_abort(w);
  return r;
}
