/* modules/fs/lua_fs.c - files, folders, the clock and the terminal, for the trusted scripts only.
**   local bytes, err, code = fs.read("recipe.lua")      -- nil, "cannot read …", "ENOENT"
**   local paths = fs.glob("raw*.jsonl")                  -- in byte order
** What the world refuses is nil, a sentence and the name of the error. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/lua_buf.h"
#include "core/printable.h"
#include "fs/fs.h"

#define LOCK_TYPE "tamis.fs.lock"
#define DIR_TYPE "tamis.fs.dir"
#define GLOB_TYPE "tamis.fs.glob"

enum { MODE_FOLDER = 0777, MODE_FILE = 0666 };

static const char *errno_name(int code) {
  switch (code) {
    case ENOENT: return "ENOENT";
    case EACCES: return "EACCES";
    case EPERM: return "EPERM";
    case EEXIST: return "EEXIST";
    case EISDIR: return "EISDIR";
    case ENOTDIR: return "ENOTDIR";
    case ENOTEMPTY: return "ENOTEMPTY";
    case ENOSPC: return "ENOSPC";
    case EFBIG: return "EFBIG";
    case EROFS: return "EROFS";
    case EXDEV: return "EXDEV";
    default: return "EIO";
  }
}

static int push_failure(lua_State *L, const Error *err, int code) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  lua_pushstring(L, errno_name(code));
  return 3;
}

static int push_errno(lua_State *L, const char *what, const char *path) {
  int code = errno;
  Error err;
  error_errno(&err, "cannot %s %s", what, path);
  return push_failure(L, &err, code);
}

static int push_result(lua_State *L, int r, const Error *err) {
  if (r != 0) return push_failure(L, err, errno);
  lua_pushboolean(L, 1);
  return 1;
}

/* A path with a NUL inside would silently be another path. */
static const char *check_path(lua_State *L, int arg) {
  size_t len;
  const char *path = luaL_checklstring(L, arg, &len);
  luaL_argcheck(L, len > 0, arg, "expected a path, got an empty text");
  luaL_argcheck(L, memchr(path, 0, len) == NULL, arg, "a path holds no NUL");
  return path;
}

static int f_read(lua_State *L) {
  const char *path = check_path(L, 1);
  lua_Integer max = luaL_optinteger(L, 2, (lua_Integer)1 << 40);
  luaL_argcheck(L, max >= 0, 2, "expected a number of bytes");
  Buf *b = lua_newbuf(L);
  Error err;
  if (fs_read(path, (size_t)max, b, &err) != 0) return push_failure(L, &err, errno);
  lua_pushlstring(L, b->ptr != NULL ? b->ptr : "", b->len);
  buf_free(b);
  return 1;
}

static int f_write(lua_State *L) {
  const char *path = check_path(L, 1);
  size_t len;
  const char *bytes = luaL_checklstring(L, 2, &len);
  lua_Integer mode = luaL_optinteger(L, 3, MODE_FILE);
  Error err;
  return push_result(L, fs_write(path, span_of(bytes, len), (unsigned)mode, &err), &err);
}

/* fs.touch(path, mode): makes an empty file where there is none; one that is there stays as it is. */
static int f_touch(lua_State *L) {
  const char *path = check_path(L, 1);
  lua_Integer mode = luaL_optinteger(L, 2, MODE_FILE);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, (mode_t)mode);
  if (fd < 0) return push_errno(L, "make", path);
  close(fd);
  lua_pushboolean(L, 1);
  return 1;
}

static int f_mkdir(lua_State *L) {
  const char *path = check_path(L, 1);
  lua_Integer mode = luaL_optinteger(L, 2, MODE_FOLDER);
  if (mkdir(path, (mode_t)mode) != 0) return push_errno(L, "make the folder", path);
  lua_pushboolean(L, 1);
  return 1;
}

static int f_mkdirs(lua_State *L) {
  const char *path = check_path(L, 1);
  lua_Integer mode = luaL_optinteger(L, 2, MODE_FOLDER);
  Error err;
  return push_result(L, fs_mkdirs(path, (unsigned)mode, &err), &err);
}

static int f_rename(lua_State *L) {
  const char *from = check_path(L, 1), *to = check_path(L, 2);
  if (rename(from, to) != 0) return push_errno(L, "rename to", to);
  lua_pushboolean(L, 1);
  return 1;
}

static int f_remove_tree(lua_State *L) {
  const char *path = check_path(L, 1);
  Error err;
  return push_result(L, fs_remove_tree(path, &err), &err);
}

/* fs.remove_empty(path): true if there was an empty folder of that name, which is gone now. */
static int f_remove_empty(lua_State *L) {
  lua_pushboolean(L, rmdir(check_path(L, 1)) == 0);
  return 1;
}

static int f_sync(lua_State *L) {
  const char *path = check_path(L, 1);
  Error err;
  return push_result(L, fs_sync(path, &err), &err);
}

static int f_symlink(lua_State *L) {
  const char *target = check_path(L, 1), *path = check_path(L, 2);
  Error err;
  return push_result(L, fs_symlink(target, path, &err), &err);
}

static int f_readlink(lua_State *L) {
  const char *path = check_path(L, 1);
  char target[PATH_MAX];
  ssize_t n = readlink(path, target, sizeof target);
  if (n < 0) return push_errno(L, "read the link", path);
  lua_pushlstring(L, target, (size_t)n);
  return 1;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct DirNames { size_t n, cap; char **name; } DirNames;

static int dir_m_gc(lua_State *L) {
  DirNames *d = luaL_checkudata(L, 1, DIR_TYPE);
  for (size_t i = 0; i < d->n; i++) free(d->name[i]);
  free(d->name);
  *d = (DirNames){ 0 };
  return 0;
}

static int dir_add(DirNames *d, const char *name) {
  if (d->n == d->cap) {
    size_t cap = d->cap ? d->cap * 2 : 32;
    char **grown = realloc(d->name, cap * sizeof *grown);
    if (grown == NULL) return -1;
    d->name = grown;
    d->cap = cap;
  }
  d->name[d->n] = strdup(name);
  return d->name[d->n] == NULL ? -1 : (d->n++, 0);
}

/* fs.list(path): names in byte order, without . and .. */
static int f_list(lua_State *L) {
  const char *path = check_path(L, 1);
  DirNames *names = lua_newuserdatauv(L, sizeof *names, 0);
  *names = (DirNames){ 0 };
  luaL_setmetatable(L, DIR_TYPE);
  DIR *d = opendir(path);
  if (d == NULL) return push_errno(L, "list", path);
  int r = 0;
  for (struct dirent *e; r == 0 && (e = readdir(d)) != NULL;)
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) r = dir_add(names, e->d_name);
  closedir(d);
  if (r != 0) return luaL_error(L, "not enough memory");
  if (names->n > 0) qsort(names->name, names->n, sizeof *names->name, compare_names);
  lua_createtable(L, names->n < INT_MAX ? (int)names->n : 0, 0);
  for (size_t i = 0; i < names->n; i++) {
    lua_pushstring(L, names->name[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int glob_m_gc(lua_State *L) {
  globfree(luaL_checkudata(L, 1, GLOB_TYPE));
  return 0;
}

/* fs.glob(pattern): the paths that match, in byte order; an empty list if none does. */
static int f_glob(lua_State *L) {
  const char *pattern = check_path(L, 1);
  glob_t *g = lua_newuserdatauv(L, sizeof *g, 0);
  *g = (glob_t){ 0 };
  luaL_setmetatable(L, GLOB_TYPE);
  int r = glob(pattern, GLOB_NOSORT, NULL, g);
  if (r == GLOB_NOSPACE) return luaL_error(L, "not enough memory");
  if (r == GLOB_ABORTED) return push_errno(L, "list", pattern);
  if (g->gl_pathc > 0) qsort(g->gl_pathv, g->gl_pathc, sizeof *g->gl_pathv, compare_names);
  lua_createtable(L, g->gl_pathc < INT_MAX ? (int)g->gl_pathc : 0, 0);
  for (size_t i = 0; i < g->gl_pathc; i++) {
    lua_pushstring(L, g->gl_pathv[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const char *type_name(mode_t mode) {
  return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" :
         S_ISFIFO(mode) ? "pipe" : "other";
}

/* fs.stat(path [, false to look at a link itself]) */
static int f_stat(lua_State *L) {
  const char *path = check_path(L, 1);
  int follow = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
  struct stat st;
  if ((follow ? stat(path, &st) : lstat(path, &st)) != 0) return push_errno(L, "open", path);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, type_name(st.st_mode));
  lua_setfield(L, -2, "type");
  lua_pushinteger(L, (lua_Integer)st.st_size);
  lua_setfield(L, -2, "size");
  lua_pushnumber(L, (lua_Number)st.st_mtim.tv_sec + (lua_Number)st.st_mtim.tv_nsec / 1e9);
  lua_setfield(L, -2, "mtime");
  lua_pushinteger(L, (lua_Integer)(st.st_mode & 07777));
  lua_setfield(L, -2, "mode");
  lua_pushinteger(L, (lua_Integer)st.st_ino);
  lua_setfield(L, -2, "inode");
  return 1;
}

static int f_exists(lua_State *L) {
  lua_pushboolean(L, access(check_path(L, 1), F_OK) == 0);
  return 1;
}

static int f_realpath(lua_State *L) {
  const char *path = check_path(L, 1);
  char full[PATH_MAX];
  if (realpath(path, full) == NULL) return push_errno(L, "open", path);
  lua_pushstring(L, full);
  return 1;
}

static int f_cwd(lua_State *L) {
  char path[PATH_MAX];
  if (getcwd(path, sizeof path) == NULL) return push_errno(L, "open", ".");
  lua_pushstring(L, path);
  return 1;
}

static int f_getenv(lua_State *L) {
  lua_pushstring(L, getenv(luaL_checkstring(L, 1)));   /* nil for NULL */
  return 1;
}

static int f_isatty(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_optinteger(L, 1, 1)));
  return 1;
}

/* fs.width([fd]): columns of the terminal; nil where there is none. */
static int f_width(lua_State *L) {
  struct winsize w;
  if (ioctl((int)luaL_optinteger(L, 1, 1), TIOCGWINSZ, &w) != 0 || w.ws_col == 0) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, w.ws_col);
  return 1;
}

static lua_Number seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9;
}

static int f_time(lua_State *L) {
  lua_pushnumber(L, seconds(CLOCK_REALTIME));
  return 1;
}

static int f_clock(lua_State *L) {
  lua_pushnumber(L, seconds(CLOCK_MONOTONIC));
  return 1;
}

static int f_cpu(lua_State *L) {
  lua_pushnumber(L, seconds(CLOCK_PROCESS_CPUTIME_ID));
  return 1;
}

/* fs.utc([format]): the time now, in UTC; "2024-06-01T12:34:56Z". */
static int f_utc(lua_State *L) {
  const char *format = luaL_optstring(L, 1, "%Y-%m-%dT%H:%M:%SZ");
  time_t now = time(NULL);
  struct tm tm;
  char text[128];
  size_t n = strftime(text, sizeof text, format, gmtime_r(&now, &tm));
  luaL_argcheck(L, n > 0, 1, "expected a format of strftime");
  lua_pushlstring(L, text, n);
  return 1;
}

/* fs.random(n): n characters a-z and 0-9 for a name that nobody else has. */
static int f_random(lua_State *L) {
  lua_Integer n = luaL_optinteger(L, 1, 6);
  luaL_argcheck(L, 1 <= n && n <= 64, 1, "expected 1 to 64 characters");
  unsigned char r[64];
  if (getentropy(r, sizeof r) != 0) return push_errno(L, "read", "random bytes");
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (lua_Integer i = 0; i < n; i++) r[i] = (unsigned char)alphabet[r[i] % (sizeof alphabet - 1)];
  lua_pushlstring(L, (const char *)r, (size_t)n);
  return 1;
}

static int f_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static int f_processors(lua_State *L) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  lua_pushinteger(L, n > 0 ? n : 1);
  return 1;
}

/* fs.memory(): bytes of memory that this machine has. */
static int f_memory(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
  return 1;
}

/* fs.lock(path): takes the file's lock, making the file, until close or the end of the process.
** nil, message, "EAGAIN" if another process has it. */
static int f_lock(lua_State *L) {
  const char *path = check_path(L, 1);
  int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
  *fd = -1;
  luaL_setmetatable(L, LOCK_TYPE);
  *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (*fd < 0) return push_errno(L, "lock", path);
  if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return 1;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s is in use by another process", path);
  lua_pushliteral(L, "EAGAIN");
  return 3;
}

/* fs.lock_folder(path): waits for a lock on the folder itself; no file of it is touched. */
static int f_lock_folder(lua_State *L) {
  const char *path = check_path(L, 1);
  int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
  *fd = -1;
  luaL_setmetatable(L, LOCK_TYPE);
  *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0) return push_errno(L, "lock", path);
  return flock(*fd, LOCK_EX) == 0 ? 1 : push_errno(L, "lock", path);
}

static int lock_m_close(lua_State *L) {
  int *fd = luaL_checkudata(L, 1, LOCK_TYPE);
  if (*fd >= 0) close(*fd);
  *fd = -1;
  return 0;
}

/* fs.printable(text [, keep_lines]): text from data, safe to show on a terminal. */
static int f_printable(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  int flags = lua_toboolean(L, 2) ? PRINTABLE_LINES : 0;
  Buf *b = lua_newbuf(L);
  if (printable(b, span_of(text, len), flags) != 0) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, b->ptr != NULL ? b->ptr : "", b->len);
  buf_free(b);
  return 1;
}

static const luaL_Reg functions[] = {
  { "read", f_read },
  { "write", f_write },
  { "touch", f_touch },
  { "mkdir", f_mkdir },
  { "mkdirs", f_mkdirs },
  { "rename", f_rename },
  { "remove_tree", f_remove_tree },
  { "remove_empty", f_remove_empty },
  { "sync", f_sync },
  { "symlink", f_symlink },
  { "readlink", f_readlink },
  { "list", f_list },
  { "glob", f_glob },
  { "stat", f_stat },
  { "exists", f_exists },
  { "realpath", f_realpath },
  { "cwd", f_cwd },
  { "getenv", f_getenv },
  { "isatty", f_isatty },
  { "width", f_width },
  { "time", f_time },
  { "clock", f_clock },
  { "cpu", f_cpu },
  { "utc", f_utc },
  { "random", f_random },
  { "pid", f_pid },
  { "processors", f_processors },
  { "memory", f_memory },
  { "lock", f_lock },
  { "lock_folder", f_lock_folder },
  { "printable", f_printable },
  { NULL, NULL }
};

static void new_type(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
}

int luaopen_fs(lua_State *L);
int luaopen_fs(lua_State *L) {
  new_type(L, DIR_TYPE, dir_m_gc);
  new_type(L, GLOB_TYPE, glob_m_gc);
  new_type(L, LOCK_TYPE, lock_m_close);
  luaL_getmetatable(L, LOCK_TYPE);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, lock_m_close);
  lua_setfield(L, -2, "close");
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
