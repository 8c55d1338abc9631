/* modules/core/lua_core.c - the thread pool and the interrupt flag, for the trusted side.
**   local pool = core.pool(4)
**   pool:progress(function(done, n) … end)   -- between chunks, at most ten times a second
**   core.interrupted()                       -- true once Ctrl-C was pressed */
#include "core/lua_core.h"

#include <lauxlib.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "core/spill.h"

typedef struct PoolBox {
  Pool *pool;          /* NULL once closed */
  lua_State *L;        /* the thread whose call walks: the last one that took the pool */
  int fn;              /* registry reference of the progress function; LUA_NOREF */
  int inside;          /* that function runs */
  int64_t next;        /* do not call before this time, in nanoseconds */
} PoolBox;

enum { TICK_NS = 100 * 1000 * 1000 };

static PoolBox *checkbox(lua_State *L, int arg) {
  PoolBox *b = luaL_checkudata(L, arg, POOL_TYPE);
  luaL_argcheck(L, b->pool != NULL, arg, "pool is closed");
  return b;
}

/* The progress function runs on the thread that asks: it may be a coroutine, and the main thread
** then stands still in a call of its own. */
Pool *lua_checkpool(lua_State *L, int arg) {
  PoolBox *b = checkbox(L, arg);
  luaL_argcheck(L, !b->inside, arg, "the pool is at work: a progress function cannot use it");
  b->L = L;
  return b->pool;
}

Pool *lua_optpool(lua_State *L, int arg) {
  return lua_isnoneornil(L, arg) ? NULL : lua_checkpool(L, arg);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Called between chunks on the caller's thread, which is the one that runs b->L. A progress
** function that raises is dropped: progress must not fail a run, nor jump over a kernel. It cannot
** close the pool, which the kernel that it was called from goes on using. */
static void tick(void *ctx, size_t done, size_t n) {
  PoolBox *b = ctx;
  if (b->fn == LUA_NOREF || b->inside) return;
  int64_t now = now_ns();
  if (now < b->next) return;
  b->next = now + TICK_NS;
  if (!lua_checkstack(b->L, 8)) return;
  lua_rawgeti(b->L, LUA_REGISTRYINDEX, b->fn);
  lua_pushinteger(b->L, (lua_Integer)done);
  lua_pushinteger(b->L, (lua_Integer)n);
  lua_State *L = b->L;
  b->inside = 1;
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    lua_pop(L, 1);
    b->next = INT64_MAX;
  }
  b->inside = 0;
}

static int f_pool(lua_State *L) {
  lua_Integer threads = luaL_optinteger(L, 1, 0);
  luaL_argcheck(L, 0 <= threads && threads <= 1024, 1, "expected 0 (one a processor) to 1024 threads");
  if (threads == 0) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    threads = online > 0 && online <= 1024 ? online : 1;
  }
  PoolBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (PoolBox){ .fn = LUA_NOREF };
  luaL_setmetatable(L, POOL_TYPE);
  b->pool = pool_new((int)threads);
  if (b->pool == NULL) return luaL_error(L, "cannot start %d threads", (int)threads);
  return 1;
}

static int pool_m_threads(lua_State *L) {
  lua_pushinteger(L, pool_threads(checkbox(L, 1)->pool));
  return 1;
}

static int pool_m_progress(lua_State *L) {
  PoolBox *b = checkbox(L, 1);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  if (!b->inside) pool_set_tick(b->pool, NULL, NULL);
  luaL_unref(L, LUA_REGISTRYINDEX, b->fn);
  b->fn = LUA_NOREF;
  b->next = 0;
  if (lua_isnoneornil(L, 2)) return 0;
  lua_settop(L, 2);
  b->fn = luaL_ref(L, LUA_REGISTRYINDEX);
  if (!b->inside) pool_set_tick(b->pool, tick, b);
  return 0;
}

static int pool_m_close(lua_State *L) {
  PoolBox *b = luaL_checkudata(L, 1, POOL_TYPE);
  luaL_argcheck(L, !b->inside, 1, "the pool is at work: a progress function cannot close it");
  pool_free(b->pool);
  b->pool = NULL;
  return 0;
}

static int f_interrupted(lua_State *L) {
  lua_pushboolean(L, interrupt_pending());
  return 1;
}

static int f_clear_interrupt(lua_State *L) {
  (void)L;
  interrupt_clear();
  return 0;
}

/* core.patience(n): interrupts that may go unheeded before the program ends */
static int f_patience(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 1 <= n && n <= 1000, 1, "expected 1 to 1000 interrupts");
  interrupt_set_patience((int)n);
  return 0;
}

/* core.memory(bytes or nil, folder or nil): the budget of the tables and columns; nil: the
** machine's default. Past it they lie in unlinked files in folder. */
static int f_memory(lua_State *L) {
  lua_Integer bytes = luaL_optinteger(L, 1, 0);
  luaL_argcheck(L, bytes >= 0, 1, "expected a size in bytes");
  size_t budget = lua_isnoneornil(L, 1) ? spill_default_budget() : (size_t)bytes;
  luaL_argcheck(L, spill_configure(budget, luaL_optstring(L, 2, NULL)) == 0, 2, "the folder's name is too long");
  return 0;
}

/* core.memory_used() -> bytes of tables and columns in memory, and in files */
static int f_memory_used(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)spill_in_memory());
  lua_pushinteger(L, (lua_Integer)spill_in_files());
  return 2;
}

static const luaL_Reg functions[] = {
  { "memory", f_memory },
  { "memory_used", f_memory_used },
  { "pool", f_pool },
  { "interrupted", f_interrupted },
  { "clear_interrupt", f_clear_interrupt },
  { "patience", f_patience },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "threads", pool_m_threads },
  { "progress", pool_m_progress },
  { "close", pool_m_close },
  { "__gc", pool_m_close },
  { "__close", pool_m_close },
  { NULL, NULL }
};

int luaopen_core(lua_State *L);
int luaopen_core(lua_State *L) {
  luaL_newmetatable(L, POOL_TYPE);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
