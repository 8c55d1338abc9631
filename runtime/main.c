/* runtime/main.c - the program: a trusted Lua state that runs scripts/cli/main.lua. */
#include <lauxlib.h>
#include <lualib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/pool.h"
#include "corpus/reader.h"
#include "runtime/state.h"

enum { STATUS_FAILED = 1, STATUS_INTERRUPTED = 130 };

/* The first one asks the run to stop; the one past its patience does not wait for it. */
static void on_interrupt(int sig) {
  if (sig == SIGTERM && interrupt_patience() > 1) {   /* the REPL lives on after an interrupt alone */
    signal(sig, SIG_DFL);
    raise(sig);
    return;
  }
  if (interrupt_pending() >= interrupt_patience()) _exit(STATUS_INTERRUPTED);
  interrupt_raise();
}

static void say(const char *text) {
  ssize_t n = write(STDERR_FILENO, text, strlen(text));
  (void)n;
}

/* A mapped source that somebody cuts short faults where it is read. What was written so far lies
** in a temporary folder, which the next run sweeps. */
static void on_bus_error(int sig, siginfo_t *info, void *context) {
  (void)context;
  const char *path = source_path_at(info->si_addr);
  if (path == NULL) {
    signal(sig, SIG_DFL);
    raise(sig);
    return;
  }
  say("tamis: ");
  say(path);
  say(" shrank while it was read\n");
  _exit(STATUS_FAILED);
}

static void set_signals(void) {
  struct sigaction bus = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
  sigemptyset(&bus.sa_mask);
  sigaction(SIGBUS, &bus, NULL);
  struct sigaction stop = { .sa_handler = on_interrupt };
  sigemptyset(&stop.sa_mask);
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

typedef struct Args { int argc; char **argv; } Args;

/* Everything after luaL_newstate happens in here, protected. Leaves the exit status. */
static int protected_main(lua_State *L) {
  const Args *a = lua_touserdata(L, 1);
  state_open_trusted(L);
  state_require(L, "cli.main");
  lua_createtable(L, a->argc, 0);
  for (int i = 1; i < a->argc; i++) {
    lua_pushstring(L, a->argv[i]);
    lua_seti(L, -2, i);
  }
  lua_call(L, 1, 1);
  return 1;
}

static void print_error(lua_State *L) {
  const char *text = NULL;
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "message");
    text = lua_tostring(L, -1);
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    text = lua_tostring(L, -1);
  }
  fprintf(stderr, "tamis: %s\n", text != NULL ? text : "not enough memory");
}

/* Has whoever read our output gone (`tamis … | head`)? */
static int reader_is_gone(void) {
  struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
  return poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

/* Output that did not arrive is an error, unless nobody wanted more of it: then the end is that of
** any program in a pipe, by SIGPIPE. SIGPIPE is ignored until here, so that a run is published. */
static int close_output(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  if (reader_is_gone()) {
    if (status != 0) return status;
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return STATUS_FAILED;   /* somebody blocks it */
  }
  fprintf(stderr, "tamis: cannot write to standard output\n");
  return status == 0 ? STATUS_FAILED : status;
}

int main(int argc, char **argv) {
  set_signals();
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    fprintf(stderr, "tamis: not enough memory\n");
    return STATUS_FAILED;
  }
  Args args = { argc, argv };
  lua_pushcfunction(L, state_traceback);
  lua_pushcfunction(L, protected_main);
  lua_pushlightuserdata(L, &args);
  int status = STATUS_FAILED;
  if (lua_pcall(L, 1, 1, 1) == LUA_OK) status = (int)lua_tointeger(L, -1);
  else if (interrupt_pending()) status = STATUS_INTERRUPTED;
  else print_error(L);
  lua_close(L);
  return close_output(status);
}
