/* tests/pty.h - a program run on a pseudo-terminal, for tests of what a person at a terminal sees.
**   local pty = require "pty"
**   local p = pty.spawn("./tamis label run", 80, 24)   -- by sh, in columns and rows
**   p:send "4"                        -- keys
**   p:expect("saved", 5)              -- true once the output behind the last match holds the text; false
**                                        after so many seconds or at the end
**   p:resize(100, 30)  p:signal "TERM"
**   local status = p:wait(5)          -- exit status, 128 + signal if killed; nil if it still runs
**   p:output()                        -- all that it wrote
**   p:raw()                           -- is the terminal in raw mode now? */
#ifndef TAMIS_PTY_H
#define TAMIS_PTY_H

#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>   /* login_tty */

#include "core/buf.h"

#define PTY "tamis.test.pty"

typedef struct Pty {
  int fd, slave;   /* the slave is kept open, so that the terminal outlives the program */
  pid_t pid;       /* 0 once waited for */
  int status;
  size_t seen;     /* bytes behind the last match */
  Buf out;
} Pty;

static double pty_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static Pty *pty_check(lua_State *L) {
  Pty *p = luaL_checkudata(L, 1, PTY);
  luaL_argcheck(L, p->fd >= 0, 1, "pty is closed");
  return p;
}

static int pty_close(lua_State *L) {
  Pty *p = luaL_checkudata(L, 1, PTY);
  if (p->pid > 0) {
    kill(-p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
  }
  if (p->fd >= 0) close(p->fd);
  if (p->slave >= 0) close(p->slave);
  p->fd = p->slave = -1;
  buf_free(&p->out);
  return 0;
}

static int pty_spawn(lua_State *L) {
  const char *command = luaL_checkstring(L, 1);
  struct winsize size = { .ws_col = (unsigned short)luaL_optinteger(L, 2, 80),
                          .ws_row = (unsigned short)luaL_optinteger(L, 3, 24) };
  Pty *p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = (Pty){ .fd = -1, .slave = -1 };
  luaL_setmetatable(L, PTY);
  if (openpty(&p->fd, &p->slave, NULL, NULL, &size) != 0) return luaL_error(L, "no pty: %s", strerror(errno));
  p->pid = fork();
  if (p->pid < 0) return luaL_error(L, "fork: %s", strerror(errno));
  if (p->pid == 0) {
    close(p->fd);
    login_tty(p->slave);
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  return 1;
}

/* Reads what is there, waiting up to `seconds`; 0 where nothing came. */
static int pty_pump(Pty *p, double seconds) {
  struct pollfd fd = { p->fd, POLLIN, 0 };
  char bytes[4096];
  if (poll(&fd, 1, (int)(seconds * 1000)) != 1 || !(fd.revents & POLLIN)) return 0;
  ssize_t n = read(p->fd, bytes, sizeof bytes);
  return n > 0 && buf_add(&p->out, bytes, (size_t)n) == 0;
}

static int pty_ended(Pty *p) {
  if (p->pid == 0) return 1;
  if (waitpid(p->pid, &p->status, WNOHANG) != p->pid) return 0;
  p->pid = 0;
  return 1;
}

static int pty_expect(lua_State *L) {
  Pty *p = pty_check(L);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  double end = pty_now() + luaL_optnumber(L, 3, 10);
  for (int last = 0;;) {
    char *at = p->out.len > p->seen ? memmem(p->out.ptr + p->seen, p->out.len - p->seen, text, len) : NULL;
    if (at != NULL) p->seen = (size_t)(at - p->out.ptr) + len;
    if (at != NULL || last || pty_now() > end) {
      lua_pushboolean(L, at != NULL);
      return 1;
    }
    if (!pty_pump(p, 0.05) && pty_ended(p)) {
      while (pty_pump(p, 0)) continue;
      last = 1;
    }
  }
}

static int pty_send(lua_State *L) {
  Pty *p = pty_check(L);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  lua_pushboolean(L, write(p->fd, text, len) == (ssize_t)len);
  return 1;
}

static int pty_resize(lua_State *L) {
  Pty *p = pty_check(L);
  struct winsize size = { .ws_col = (unsigned short)luaL_checkinteger(L, 2),
                          .ws_row = (unsigned short)luaL_checkinteger(L, 3) };
  lua_pushboolean(L, ioctl(p->fd, TIOCSWINSZ, &size) == 0);
  return 1;
}

static int pty_signal(lua_State *L) {
  static const char *const NAMES[] = { "INT", "TERM", "HUP", "QUIT", "TSTP", "CONT", "SEGV", "KILL", NULL };
  static const int NUMBERS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGSEGV, SIGKILL };
  Pty *p = pty_check(L);
  int sig = NUMBERS[luaL_checkoption(L, 2, NULL, NAMES)];
  lua_pushboolean(L, p->pid > 0 && kill(p->pid, sig) == 0);
  return 1;
}

static int pty_wait(lua_State *L) {
  Pty *p = pty_check(L);
  double end = pty_now() + luaL_optnumber(L, 2, 10);
  while (!pty_ended(p) && pty_now() < end) pty_pump(p, 0.02);
  while (pty_pump(p, 0)) continue;
  if (p->pid != 0) lua_pushnil(L);
  else lua_pushinteger(L, WIFEXITED(p->status) ? WEXITSTATUS(p->status) : 128 + WTERMSIG(p->status));
  return 1;
}

static int pty_output(lua_State *L) {
  Pty *p = pty_check(L);
  while (pty_pump(p, 0)) continue;
  lua_pushlstring(L, p->out.len > 0 ? p->out.ptr : "", p->out.len);
  return 1;
}

static int pty_raw(lua_State *L) {
  Pty *p = pty_check(L);
  struct termios t;
  lua_pushboolean(L, tcgetattr(p->slave, &t) == 0 && !(t.c_lflag & ICANON));
  return 1;
}

static int luaopen_pty(lua_State *L) {
  static const luaL_Reg METHODS[] = {
    { "send", pty_send }, { "expect", pty_expect }, { "resize", pty_resize }, { "signal", pty_signal },
    { "wait", pty_wait }, { "output", pty_output }, { "raw", pty_raw }, { "close", pty_close },
    { "__gc", pty_close }, { "__close", pty_close }, { NULL, NULL }
  };
  static const luaL_Reg FUNCTIONS[] = { { "spawn", pty_spawn }, { NULL, NULL } };
  luaL_newmetatable(L, PTY);
  luaL_setfuncs(L, METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, FUNCTIONS);
  return 1;
}

#endif
