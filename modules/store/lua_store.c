/* modules/store/lua_store.c - SQLite files, for the trusted scripts: ledgers and registries.
**   local db <close>, err = store.open("ledger.db", { readonly = true })
**   for row in db:rows("SELECT row, reason FROM rows WHERE stage = ?", "length") do … end
**   local changes, err = db:exec("INSERT INTO t VALUES (?, ?)", 1, nil)
** exec runs one statement, or several without values. Values are nil, booleans (0 and 1),
** integers, floats and strings (text); a row is a table by column name without its NULLs. What
** the file refuses is nil and a message from open and exec; rows, where there is no other way to
** say it, raises. SQLite does the work: this file has no kernel of its own. */
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>

#define STORE_TYPE "tamis.store"
#define QUERY_TYPE "tamis.store.query"

enum { BUSY_MS = 10000, IDLE = 8 };

/* Parsing a statement costs more than running a small one, so the last few are kept. */
typedef struct Store {
  sqlite3 *db;                 /* NULL once closed */
  sqlite3_stmt *idle[IDLE];    /* reset, without values; the one used last stands first */
} Store;
typedef struct Query {
  sqlite3_stmt *stmt;          /* NULL once done */
  Store *store;                /* user value 1 */
} Query;

static Store *checkstore(lua_State *L) {
  Store *s = luaL_checkudata(L, 1, STORE_TYPE);
  luaL_argcheck(L, s->db != NULL, 1, "store is closed");
  return s;
}

/* The kept statement of that text, taken out; NULL if there is none. */
static sqlite3_stmt *take_idle(Store *s, const char *sql) {
  for (int i = 0; i < IDLE && s->idle[i] != NULL; i++) {
    sqlite3_stmt *stmt = s->idle[i];
    if (strcmp(sqlite3_sql(stmt), sql) != 0) continue;
    memmove(&s->idle[i], &s->idle[i + 1], (size_t)(IDLE - 1 - i) * sizeof *s->idle);
    s->idle[IDLE - 1] = NULL;
    return stmt;
  }
  return NULL;
}

/* The query is done: its statement is kept for the next of the same text. */
static void finish(Query *q) {
  sqlite3_stmt *stmt = q->stmt;
  q->stmt = NULL;
  if (stmt == NULL) return;
  Store *s = q->store;
  if (s->db == NULL) {
    sqlite3_finalize(stmt);
    return;
  }
  sqlite3_reset(stmt);
  sqlite3_clear_bindings(stmt);
  sqlite3_finalize(s->idle[IDLE - 1]);
  memmove(&s->idle[1], &s->idle[0], (IDLE - 1) * sizeof *s->idle);
  s->idle[0] = stmt;
}

static int f_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  int readonly = 0;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_getfield(L, 2, "readonly");
    readonly = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  Store *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Store){ 0 };
  luaL_setmetatable(L, STORE_TYPE);
  int flags = readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
    luaL_pushfail(L);
    lua_pushfstring(L, "cannot open %s: %s", path, s->db != NULL ? sqlite3_errmsg(s->db) : "not enough memory");
    return 2;
  }
  sqlite3_busy_timeout(s->db, BUSY_MS);
  return 1;
}

static int store_close(lua_State *L) {
  Store *s = luaL_checkudata(L, 1, STORE_TYPE);
  for (int i = 0; i < IDLE; i++) sqlite3_finalize(s->idle[i]);
  sqlite3_close_v2(s->db);   /* waits for the queries still open */
  *s = (Store){ 0 };
  return 0;
}

static int query_close(lua_State *L) {
  finish(luaL_checkudata(L, 1, QUERY_TYPE));
  return 0;
}

static int bind(lua_State *L, sqlite3_stmt *stmt, int place, int arg) {
  size_t len;
  const char *text;
  switch (lua_type(L, arg)) {
    case LUA_TNIL: return sqlite3_bind_null(stmt, place);
    case LUA_TBOOLEAN: return sqlite3_bind_int(stmt, place, lua_toboolean(L, arg));
    case LUA_TNUMBER:
      if (lua_isinteger(L, arg)) return sqlite3_bind_int64(stmt, place, lua_tointeger(L, arg));
      return sqlite3_bind_double(stmt, place, lua_tonumber(L, arg));
    case LUA_TSTRING:
      text = lua_tolstring(L, arg, &len);
      return sqlite3_bind_text64(stmt, place, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
    default: return luaL_argerror(L, arg, "expected nil, a boolean, a number or a string");
  }
}

/* Pushes a query prepared from arg 2 with the values behind it bound; or, if SQLite refuses,
** a Query without a statement. *tail is the SQL behind it. [-0, +1, v] */
static Query *prepare(lua_State *L, Store *store, const char *sql, int nvalues, const char **tail) {
  sqlite3 *db = store->db;
  Query *q = lua_newuserdatauv(L, sizeof *q, 1);
  *q = (Query){ .store = store };
  luaL_setmetatable(L, QUERY_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  q->stmt = take_idle(store, sql);
  if (q->stmt != NULL) *tail = sql + strlen(sql);
  else if (sqlite3_prepare_v2(db, sql, -1, &q->stmt, tail) != SQLITE_OK || q->stmt == NULL) return q;
  int wanted = sqlite3_bind_parameter_count(q->stmt);
  if (wanted != nvalues) luaL_error(L, "the statement takes %d values, got %d", wanted, nvalues);
  for (int i = 1; i <= nvalues; i++) {
    if (bind(L, q->stmt, i, i + 2) != SQLITE_OK) luaL_error(L, "%s", sqlite3_errmsg(db));
  }
  return q;
}

static int store_exec(lua_State *L) {
  Store *store = checkstore(L);
  sqlite3 *db = store->db;
  const char *sql = luaL_checkstring(L, 2);
  int nvalues = lua_gettop(L) - 2;
  int before = sqlite3_total_changes(db);
  while (*sql != '\0') {
    const char *tail = sql;
    Query *q = prepare(L, store, sql, nvalues, &tail);
    int r = q->stmt == NULL ? sqlite3_errcode(db) : SQLITE_ROW;
    while (r == SQLITE_ROW && q->stmt != NULL) r = sqlite3_step(q->stmt);
    if (r != SQLITE_OK && r != SQLITE_DONE) {
      luaL_pushfail(L);
      lua_pushstring(L, sqlite3_errmsg(db));
      return 2;
    }
    finish(q);
    lua_pop(L, 1);
    if (tail == sql) break;
    sql = tail + strspn(tail, " \t\r\n;");
  }
  lua_pushinteger(L, sqlite3_total_changes(db) - before);
  return 1;
}

static void push_column(lua_State *L, sqlite3_stmt *stmt, int i) {
  switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER: lua_pushinteger(L, sqlite3_column_int64(stmt, i)); break;
    case SQLITE_FLOAT: lua_pushnumber(L, sqlite3_column_double(stmt, i)); break;
    case SQLITE_NULL: lua_pushnil(L); break;
    default: {
      const void *bytes = sqlite3_column_blob(stmt, i);   /* text too; before its length is asked */
      int len = sqlite3_column_bytes(stmt, i);
      lua_pushlstring(L, bytes != NULL ? bytes : "", (size_t)len);
    }
  }
}

/* The iterator's step: upvalue 1 is the query. */
static int query_next(lua_State *L) {
  Query *q = lua_touserdata(L, lua_upvalueindex(1));
  if (q->stmt == NULL) return 0;
  int r = sqlite3_step(q->stmt);
  if (r == SQLITE_DONE) {
    finish(q);
    lua_pushnil(L);
    return 1;
  }
  if (r != SQLITE_ROW) return luaL_error(L, "%s", sqlite3_errmsg(sqlite3_db_handle(q->stmt)));
  int n = sqlite3_column_count(q->stmt);
  lua_createtable(L, 0, n);
  for (int i = 0; i < n; i++) {
    push_column(L, q->stmt, i);
    lua_setfield(L, -2, sqlite3_column_name(q->stmt, i));
  }
  return 1;
}

/* for row in db:rows(sql, …): the query ends with the loop, also when it is left early. */
static int store_rows(lua_State *L) {
  Store *store = checkstore(L);
  const char *sql = luaL_checkstring(L, 2), *tail;
  Query *q = prepare(L, store, sql, lua_gettop(L) - 2, &tail);
  if (q->stmt == NULL) return luaL_error(L, "%s", sqlite3_errmsg(store->db));
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, query_next, 1);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, -4);
  return 4;
}

/* One value behind those of its column. */
static void add_double(luaL_Buffer *b, sqlite3_stmt *stmt, int i) {
  double v = sqlite3_column_type(stmt, i) == SQLITE_NULL ? NAN : sqlite3_column_double(stmt, i);
  memcpy(luaL_prepbuffsize(b, sizeof v), &v, sizeof v);
  luaL_addsize(b, sizeof v);
}

/* db:packed(sql, …): the numbers of a query of one column as a string of doubles (stats.packed), NaN for NULL. */
static int store_packed(lua_State *L) {
  Store *store = checkstore(L);
  sqlite3 *db = store->db;
  const char *sql = luaL_checkstring(L, 2), *tail;
  Query *q = prepare(L, store, sql, lua_gettop(L) - 2, &tail);
  if (q->stmt == NULL) return luaL_error(L, "%s", sqlite3_errmsg(db));
  luaL_argcheck(L, sqlite3_column_count(q->stmt) == 1, 2, "expected a query of one column");
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  int r;
  while ((r = sqlite3_step(q->stmt)) == SQLITE_ROW) add_double(&b, q->stmt, 0);
  if (r != SQLITE_DONE) return luaL_error(L, "%s", sqlite3_errmsg(db));
  luaL_pushresult(&b);
  finish(q);
  return 1;
}

static const luaL_Reg functions[] = {
  { "open", f_open },
  { NULL, NULL }
};

static const luaL_Reg store_methods[] = {
  { "exec", store_exec },
  { "rows", store_rows },
  { "packed", store_packed },
  { "close", store_close },
  { "__gc", store_close },
  { "__close", store_close },
  { NULL, NULL }
};

static const luaL_Reg query_methods[] = {
  { "__gc", query_close },
  { "__close", query_close },
  { NULL, NULL }
};

int luaopen_store(lua_State *L);
int luaopen_store(lua_State *L) {
  luaL_newmetatable(L, QUERY_TYPE);
  luaL_setfuncs(L, query_methods, 0);
  luaL_newmetatable(L, STORE_TYPE);
  luaL_setfuncs(L, store_methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
