/* runtime/sandbox.c - see sandbox.h: limits and the protected call. */
#include "runtime/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <time.h>

#include "core/pool.h"

enum { TICK = 1000, BYTES_A_UNIT = 16 };

Sandbox *sandbox_of(lua_State *L) { return *(Sandbox **)lua_getextraspace(L); }

/* CPU time of this thread: a busy machine makes no recipe fail. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Growing is paid for and refused past the limits; shrinking and freeing always work. */
static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  Sandbox *s = ud;
  if (ptr == NULL) osize = 0;   /* then it is the kind of object */
  if (nsize == 0) {
    free(ptr);
    s->memory -= osize;
    return NULL;
  }
  if (nsize > osize) {
    size_t more = nsize - osize;
    if (s->limit.memory != 0 && (more > s->limit.memory || s->memory > s->limit.memory - more)) return NULL;
    s->work += more / BYTES_A_UNIT;
  }
  void *grown = realloc(ptr, nsize);
  if (grown != NULL) s->memory += nsize - osize;
  return grown;
}

static const char *death_text(const Sandbox *s) {
  switch (s->dead) {
    case DEAD_INTERRUPTED: return "interrupted";
    case DEAD_TIME: return "this took too long; --trust lifts the limit";
    default: return "this took more steps than a recipe may; --trust lifts the limit";
  }
}

static int raise_dead(lua_State *L) {
  return luaL_error(L, "%s", death_text(sandbox_of(L)));
}

/* Every TICK instructions; every single one once the state is dead. */
static void hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  Sandbox *s = sandbox_of(L);
  if (s->dead == ALIVE) {
    s->work += TICK;
    if (interrupt_pending()) s->dead = DEAD_INTERRUPTED;
    else if (s->limit.work != 0 && s->work > s->limit.work) s->dead = DEAD_WORK;
    else if (s->limit.seconds > 0) {
      double t = now();
      if (s->started == 0) s->started = t;
      else if (t - s->started > s->limit.seconds) s->dead = DEAD_TIME;
    }
    if (s->dead == ALIVE) return;
  }
  lua_sethook(L, hook, LUA_MASKCOUNT, 1);
  raise_dead(L);
}

void sandbox_check(lua_State *L) {
  if (sandbox_of(L)->dead != ALIVE) raise_dead(L);
}

uint64_t sandbox_left(lua_State *L) {
  const Sandbox *s = sandbox_of(L);
  if (s->limit.work == 0) return UINT64_MAX;
  return s->work < s->limit.work ? s->limit.work - s->work : 0;
}

int sandbox_exhausted(lua_State *L) {
  Sandbox *s = sandbox_of(L);
  if (s->dead == ALIVE) s->dead = DEAD_WORK;
  lua_sethook(L, hook, LUA_MASKCOUNT, 1);
  return raise_dead(L);
}

void sandbox_charge(lua_State *L, uint64_t work) {
  if (work > sandbox_left(L)) sandbox_exhausted(L);
  sandbox_of(L)->work += work;
  if (interrupt_pending() && sandbox_of(L)->dead == ALIVE) sandbox_of(L)->dead = DEAD_INTERRUPTED;
  sandbox_check(L);
}

static int refuse_write(lua_State *L) {
  return luaL_error(L, "this table is read-only");
}

void sandbox_readonly(lua_State *L) {
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

/* error({…}) says no place: the place of the recipe's code that raised it. [-0, +0|1, m] */
static void place_error(lua_State *L) {
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (*ar.source != '@') continue;   /* the program's own chunks have names that begin with '=' */
    lua_pushfstring(L, "%s:%d: an error value that is %s was raised", ar.source + 1, ar.currentline,
                    lua_istable(L, 1) ? "a table" : "no text");
    return;
  }
}

/* Runs where the error was raised, maybe with hooks off: nothing here may run Lua. */
static int on_error(lua_State *L) {
  if (sandbox_of(L)->dead != ALIVE) return 1;
  if (lua_type(L, 1) != LUA_TSTRING) place_error(L);
  else if (sandbox_of(L)->trace) luaL_traceback(L, L, lua_tostring(L, 1), 1);
  return 1;
}

/* The error value on top becomes a string, without running Lua and without memory to speak of. */
static void word_error(Sandbox *s) {
  lua_State *L = s->L;
  if (s->dead == DEAD_INTERRUPTED || lua_type(L, -1) == LUA_TSTRING) return;
  const char *what = lua_type(L, -1) == LUA_TTABLE ? "an error value that is a table was raised"
                                                   : "an error value that is no text was raised";
  lua_pop(L, 1);
  if (lua_checkstack(L, 4)) lua_pushstring(L, what);
}

int sandbox_call(Sandbox *s, int nargs, int nresults) {
  lua_State *L = s->L;
  int base = lua_gettop(L) - nargs;
  s->work = 0;
  s->started = 0;
  lua_pushcfunction(L, on_error);
  lua_insert(L, base);
  int status = lua_pcall(L, nargs, nresults, base);
  lua_remove(L, base);
  if (status != LUA_OK) word_error(s);
  return status;
}

static int open_libraries(lua_State *L) {
  sandbox_open_base(L);
  return 0;
}

int sandbox_open(Sandbox *s, SandboxLimits limit) {
  *s = (Sandbox){ 0 };
  s->L = lua_newstate(allocate, s);
  if (s->L == NULL) return -1;
  *(Sandbox **)lua_getextraspace(s->L) = s;
  lua_pushcfunction(s->L, open_libraries);
  int status = sandbox_call(s, 0, 0);
  if (status != LUA_OK) {
    sandbox_close(s);
    return -1;
  }
  s->limit = limit;
  lua_sethook(s->L, hook, LUA_MASKCOUNT, TICK);
  return 0;
}

void sandbox_close(Sandbox *s) {
  if (s->L != NULL) lua_close(s->L);
  *s = (Sandbox){ 0 };
}
