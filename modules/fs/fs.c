/* modules/fs/fs.c - see fs.h */
#include "fs/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Closes what a failure leaves open, keeping errno. */
static int fail(int fd, Error *err, const char *what, const char *path) {
  int saved = errno;
  if (fd >= 0) close(fd);
  errno = saved;
  error_errno(err, "cannot %s %s", what, path);
  errno = saved;
  return -1;
}

int fs_read(const char *path, size_t max, Buf *out, Error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(fd, err, "read", path);
  for (;;) {
    if (buf_reserve(out, 65536) != 0) {
      errno = ENOMEM;
      return fail(fd, err, "read", path);
    }
    ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(fd, err, "read", path);
    if (n == 0) break;
    out->len += (size_t)n;
    if (out->len > max) {
      errno = EFBIG;
      return fail(fd, err, "read", path);
    }
  }
  close(fd);
  return 0;
}

static int write_all(int fd, Span bytes) {
  while (bytes.len > 0) {
    ssize_t n = write(fd, bytes.ptr, bytes.len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    bytes.ptr += n;
    bytes.len -= (size_t)n;
  }
  return 0;
}

static int temporary_name(char *out, size_t size, const char *path) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  unsigned char r[8];
  FILE *f = fopen("/dev/urandom", "rb");
  size_t got = f != NULL ? fread(r, 1, sizeof r, f) : 0;
  if (f != NULL) fclose(f);
  if (got != sizeof r) return -1;
  char suffix[sizeof r + 1] = "";
  for (size_t i = 0; i < sizeof r; i++) suffix[i] = alphabet[r[i] % (sizeof alphabet - 1)];
  int n = snprintf(out, size, "%s.tmp-%s", path, suffix);
  if (n > 0 && (size_t)n < size) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

int fs_write(const char *path, Span bytes, unsigned mode, Error *err) {
  char tmp[4096];
  if (temporary_name(tmp, sizeof tmp, path) != 0) return fail(-1, err, "write", path);
  int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
  if (fd < 0) return fail(fd, err, "write", path);
  if (write_all(fd, bytes) != 0 || fsync(fd) != 0) {
    int saved = errno;
    unlink(tmp);
    errno = saved;
    return fail(fd, err, "write", path);
  }
  if (close(fd) != 0 || rename(tmp, path) != 0) {
    int saved = errno;
    unlink(tmp);
    errno = saved;
    return fail(-1, err, "write", path);
  }
  return 0;
}

int fs_mkdirs(const char *path, unsigned mode, Error *err) {
  char part[4096];
  size_t len = strlen(path);
  if (len >= sizeof part) {
    errno = ENAMETOOLONG;
    return fail(-1, err, "make the folder", path);
  }
  memcpy(part, path, len + 1);
  for (size_t i = 1; i <= len; i++) {
    if (part[i] != '/' && part[i] != '\0') continue;
    char kept = part[i];
    part[i] = '\0';
    struct stat st;
    if (mkdir(part, (mode_t)mode) != 0) {
      if (errno != EEXIST) return fail(-1, err, "make the folder", path);
      if (stat(part, &st) == 0 && !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return fail(-1, err, "make the folder", path);
      }
    }
    part[i] = kept;
  }
  return 0;
}

static int remove_at(int dir, const char *name) {
  if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return -1;
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  DIR *d = fdopendir(fd);
  if (d == NULL) {
    close(fd);
    return -1;
  }
  int r = 0;
  for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) r = remove_at(dirfd(d), e->d_name);
  int saved = errno;
  closedir(d);
  errno = saved;
  return r == 0 ? unlinkat(dir, name, AT_REMOVEDIR) : r;
}

int fs_remove_tree(const char *path, Error *err) {
  return remove_at(AT_FDCWD, path) == 0 ? 0 : fail(-1, err, "remove", path);
}

int fs_sync(const char *path, Error *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) return fail(fd, err, "sync", path);
  close(fd);
  return 0;
}

int fs_symlink(const char *target, const char *path, Error *err) {
  char tmp[4096];
  if (temporary_name(tmp, sizeof tmp, path) != 0 || symlink(target, tmp) != 0)
    return fail(-1, err, "link", path);
  if (rename(tmp, path) == 0) return 0;
  int saved = errno;
  unlink(tmp);
  errno = saved;
  return fail(-1, err, "link", path);
}
