/* modules/http/lua_http.c - requests to one origin, for the trusted scripts. Options and replies are
** those of http/http.h; times are seconds.
**   local client, err = http.client {
**     origin = "https://api.example.com/v1",       -- a path prefix stays in front of every path
**     headers = { ["content-type"] = "application/json" },
**     secrets = { authorization = { env = "OPENAI_API_KEY", prefix = "Bearer " } },   -- or a string
**     keep_headers = { "retry-after" }, ca_file = nil, proxy = nil, http2 = true, http2_connections = 8,
**     allow_private = false, plain_http = false, connect_timeout = 10, timeout = 600,
**     low_speed = { bytes = 1, seconds = 60 }, max_reply_bytes = 1 << 20, buffer_bytes = 4096,
**     concurrency = { start = 20, min = 1, max = 256, increase = 1, cut = 0.8, window_s = 15,
**                     rate_margin = 0.02, learn_s = 1, probe_s = 60, probe_requests = 300 },
**     buckets = { requests = { per_minute = 1000, burst = 50 }, input_tokens = { per_second = 900 } } }
**   client:submit { id = 7, path = "/chat/completions", body = text | { text, … }, input_tokens = 310,
**                   output_tokens = 512, priority = 0, delay = 0, method = "POST", headers = {}, max_reply_bytes = nil,
**                   multipart = { { name = "purpose", value = "batch" }, { name = "file", file = path } },
**                   to_file = nil }
**   local done, in_flight = client:poll(1.0)      -- then, before the next poll, of each reply as it deserves:
**   client:refused(id, seconds)   client:troubled(seconds)   client:requeue(id, delay)
**   -- done[i]: { id, status, body, headers = { [name] = value }, error = nil | "timeout" | …, message,
**   --           elapsed, sent, bytes_sent, bytes_received, http_version, sends }
** What the caller gets wrong raises; what an origin, a file or a reply does is nil and a message, or
** an error in the reply. A client belongs to the state that made it. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "http/hint.h"
#include "http/http.h"

int luaopen_http(lua_State *L);

#define CLIENT "tamis.http"

typedef struct Client { Http *http; } Client;   /* NULL once closed */

static const char *const BUCKETS[] = { "requests", "input_tokens", "output_tokens", NULL };

static Http *check_client(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  luaL_argcheck(L, c->http != NULL, 1, "client is closed");
  return c->http;
}

static int client_close(lua_State *L) {
  Client *c = luaL_checkudata(L, 1, CLIENT);
  http_close(c->http);
  c->http = NULL;
  return 0;
}

/* ---- fields of a table of options; each leaves its value on the stack, which keeps it alive ---- */

static double number_field(lua_State *L, int t, const char *name, double otherwise) {
  int type = lua_getfield(L, t, name);
  if (type == LUA_TNIL) return otherwise;
  if (type != LUA_TNUMBER) luaL_error(L, "%s: expected a number", name);
  double v = lua_tonumber(L, -1);
  if (!(v >= 0 && v < 1e15)) luaL_error(L, "%s: expected a number from 0 up", name);
  return v;
}

static const char *string_field(lua_State *L, int t, const char *name) {
  int type = lua_getfield(L, t, name);
  size_t len;
  if (type == LUA_TNIL) return NULL;
  if (type != LUA_TSTRING) luaL_error(L, "%s: expected a string", name);
  const char *s = lua_tolstring(L, -1, &len);
  if (strlen(s) != len) luaL_error(L, "%s: holds a zero byte", name);
  return s;
}

static Span span_field(lua_State *L, int t, const char *name) {
  int type = lua_getfield(L, t, name);
  Span s = { NULL, 0 };
  if (type == LUA_TNIL) return s;
  if (type != LUA_TSTRING) luaL_error(L, "%s: expected a string", name);
  s.ptr = lua_tolstring(L, -1, &s.len);
  return s;
}

static int flag_field(lua_State *L, int t, const char *name) {
  lua_getfield(L, t, name);
  return lua_toboolean(L, -1);
}

/* A misspelt option must not pass as one that was not given. names ends with NULL. */
static void check_keys(lua_State *L, int t, const char *const *names) {
  for (lua_pushnil(L); lua_next(L, t) != 0; lua_pop(L, 1)) {
    const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "a key that is no name";
    const char *const *n = names;
    while (*n != NULL && strcmp(*n, key) != 0) n++;
    if (*n == NULL) luaL_error(L, "unknown option: %s", key);
  }
}

/* The table at field `name`, or 0 where there is none. */
static int table_field(lua_State *L, int t, const char *name) {
  int type = lua_getfield(L, t, name);
  if (type == LUA_TNIL) return 0;
  if (type != LUA_TTABLE) luaL_error(L, "%s: expected a table", name);
  return lua_gettop(L);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const HttpHeader *)a)->name, ((const HttpHeader *)b)->name);
}

/* { name = value } as an array, by name, so that a request's bytes are the same in every run. */
static const HttpHeader *header_field(lua_State *L, int t, const char *field, size_t *n) {
  int at = table_field(L, t, field);
  *n = 0;
  if (at == 0) return NULL;
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) count++;
  HttpHeader *h = lua_newuserdatauv(L, (count + 1) * sizeof *h, 0);
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "%s: expected names and values that are strings", field);
    size_t len;
    const char *value = lua_tolstring(L, -1, &len);
    if (strlen(value) != len) luaL_error(L, "%s: a value holds a zero byte", field);
    h[(*n)++] = (HttpHeader){ lua_tostring(L, -2), value };
  }
  qsort(h, *n, sizeof *h, by_name);
  return h;
}

static const char *const *keep_field(lua_State *L, int t, size_t *n) {
  int at = table_field(L, t, "keep_headers");
  *n = 0;
  if (at == 0) return NULL;
  size_t count = lua_rawlen(L, at);
  const char **keep = lua_newuserdatauv(L, (count + 1) * sizeof *keep, 0);
  for (; *n < count; (*n)++) {
    if (lua_rawgeti(L, at, (lua_Integer)*n + 1) != LUA_TSTRING) luaL_error(L, "keep_headers: expected names");
    keep[*n] = lua_tostring(L, -1);
    for (const char *p = keep[*n]; *p != '\0'; p++)
      if (*p >= 'A' && *p <= 'Z') luaL_error(L, "keep_headers: names are in lower case");
    lua_pop(L, 1);                       /* the table keeps it */
  }
  return keep;
}

/* ---- secrets: a string, or { env = NAME, prefix = "Bearer " }, which never becomes a Lua string ---- */

typedef struct Secrets { size_t n; HttpHeader header[8]; char *made[8]; } Secrets;

static int secrets_gc(lua_State *L) {
  Secrets *s = lua_touserdata(L, 1);
  for (size_t i = 0; i < 8; i++) {
    if (s->made[i] == NULL) continue;
    explicit_bzero(s->made[i], strlen(s->made[i]));
    free(s->made[i]);
    s->made[i] = NULL;
  }
  return 0;
}

static const char *from_environment(lua_State *L, Secrets *s, int t) {
  const char *env = string_field(L, t, "env"), *prefix = string_field(L, t, "prefix");
  if (env == NULL) luaL_error(L, "secrets: expected { env = NAME, prefix = TEXT } or a string");
  const char *value = getenv(env);
  if (value == NULL) luaL_error(L, "secrets: %s is not set in the environment", env);
  size_t p = prefix != NULL ? strlen(prefix) : 0, n = strlen(value);
  char *made = malloc(p + n + 1);
  if (made == NULL) luaL_error(L, "not enough memory");
  if (p > 0) memcpy(made, prefix, p);
  memcpy(made + p, value, n + 1);
  s->made[s->n] = made;
  return made;
}

static void secrets_field(lua_State *L, int t, Secrets *s) {
  int at = table_field(L, t, "secrets");
  if (at == 0) return;
  for (lua_pushnil(L); lua_next(L, at) != 0;) {
    int top = lua_gettop(L);
    if (s->n == 8) luaL_error(L, "secrets: at most 8");
    if (lua_type(L, top - 1) != LUA_TSTRING) luaL_error(L, "secrets: expected names of headers");
    const char *value = NULL;
    if (lua_type(L, top) == LUA_TSTRING) value = lua_tostring(L, top);
    else if (lua_type(L, top) == LUA_TTABLE) value = from_environment(L, s, top);
    else luaL_error(L, "secrets: expected { env = NAME, prefix = TEXT } or a string");
    s->header[s->n++] = (HttpHeader){ lua_tostring(L, top - 1), value };
    lua_settop(L, top - 1);
  }
  qsort(s->header, s->n, sizeof s->header[0], by_name);
}

static Secrets *new_secrets(lua_State *L) {
  Secrets *s = lua_newuserdatauv(L, sizeof *s, 0);
  memset(s, 0, sizeof *s);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, secrets_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, secrets_gc);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, -2);
  lua_toclose(L, -1);                    /* the copies are wiped on every way out */
  return s;
}

/* ---- http.client ---- */

static double needed(lua_State *L, int t, const char *name) {
  double v = number_field(L, t, name, -1);
  if (v < 0) luaL_error(L, "concurrency.%s is missing", name);
  lua_pop(L, 1);
  return v;
}

static PaceOptions pace_field(lua_State *L, int t) {
  int at = table_field(L, t, "concurrency");
  if (at == 0) luaL_error(L, "concurrency is missing");
  PaceOptions o = { 0 };
  o.start = needed(L, at, "start");
  o.min = needed(L, at, "min");
  o.max = needed(L, at, "max");
  o.increase = needed(L, at, "increase");
  o.cut = needed(L, at, "cut");
  o.window_s = needed(L, at, "window_s");
  o.rate_margin = number_field(L, at, "rate_margin", 0);
  o.learn_s = number_field(L, at, "learn_s", 1);
  o.probe_s = number_field(L, at, "probe_s", 0);
  o.probe_requests = number_field(L, at, "probe_requests", 1);
  return o;
}

/* Sets a bucket from { per_second = n } or { per_minute = n }, burst (default: what one second, or one
** minute, gives) and level. */
static void set_bucket(lua_State *L, Http *h, PaceBucket which, int t) {
  double second = number_field(L, t, "per_second", -1), minute = number_field(L, t, "per_minute", -1);
  if ((second >= 0) == (minute >= 0)) luaL_error(L, "%s: expected per_second or per_minute", BUCKETS[which]);
  double n = second >= 0 ? second : minute, burst = number_field(L, t, "burst", n);
  double level = number_field(L, t, "level", -1);
  http_limit(h, which, second >= 0 ? n : n / 60, burst, level);
}

static void set_buckets(lua_State *L, Http *h, int t) {
  int at = table_field(L, t, "buckets");
  if (at == 0) return;
  for (lua_pushnil(L); lua_next(L, at) != 0;) {
    int top = lua_gettop(L);
    const char *name = lua_type(L, top - 1) == LUA_TSTRING ? lua_tostring(L, top - 1) : "?";
    int which = 0;
    while (BUCKETS[which] != NULL && strcmp(BUCKETS[which], name) != 0) which++;
    if (BUCKETS[which] == NULL) luaL_error(L, "buckets: expected requests, input_tokens, output_tokens; got %s", name);
    if (lua_type(L, top) != LUA_TTABLE) luaL_error(L, "buckets.%s: expected a table", name);
    set_bucket(L, h, (PaceBucket)which, top);
    lua_settop(L, top - 1);
  }
}

static HttpOptions read_options(lua_State *L, int t, Secrets *secrets) {
  static const char *const names[] = {
    "origin", "headers", "secrets", "keep_headers", "ca_file", "proxy", "http2", "http2_connections", "allow_private",
    "plain_http", "connect_timeout", "timeout", "low_speed", "max_reply_bytes", "buffer_bytes", "concurrency",
    "buckets", NULL
  };
  HttpOptions o = { 0 };
  luaL_checkstack(L, 60, NULL);
  check_keys(L, t, names);
  o.origin = string_field(L, t, "origin");
  if (o.origin == NULL) luaL_error(L, "origin is missing");
  o.header = header_field(L, t, "headers", &o.nheaders);
  secrets_field(L, t, secrets);
  o.secret = secrets->header;
  o.nsecrets = secrets->n;
  o.keep = keep_field(L, t, &o.nkeep);
  o.ca_file = string_field(L, t, "ca_file");
  o.proxy = string_field(L, t, "proxy");
  o.http2 = flag_field(L, t, "http2");
  o.http2_connections = (unsigned)number_field(L, t, "http2_connections", 0);
  o.allow_private = flag_field(L, t, "allow_private");
  o.plain_http = flag_field(L, t, "plain_http");
  o.connect_timeout_s = number_field(L, t, "connect_timeout", 0);
  o.timeout_s = number_field(L, t, "timeout", 0);
  o.max_reply_bytes = (size_t)number_field(L, t, "max_reply_bytes", 0);
  o.buffer_bytes = (size_t)number_field(L, t, "buffer_bytes", 0);
  int slow = table_field(L, t, "low_speed");
  if (slow != 0) {
    o.low_speed_bytes = (long)number_field(L, slow, "bytes", 0);
    o.low_speed_s = (long)number_field(L, slow, "seconds", 0);
  }
  o.pace = pace_field(L, t);
  return o;
}

static int f_client(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  Client *c = lua_newuserdatauv(L, sizeof *c, 0);
  c->http = NULL;
  luaL_setmetatable(L, CLIENT);
  Secrets *secrets = new_secrets(L);
  HttpOptions o = read_options(L, 1, secrets);
  Error err = { "" };
  if (http_open(&c->http, &o, &err) != 0) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  set_buckets(L, c->http, 1);
  lua_pushvalue(L, 2);
  return 1;
}

/* ---- requests ---- */

static const HttpPart *part_field(lua_State *L, int t, size_t *n) {
  int at = table_field(L, t, "multipart");
  *n = 0;
  if (at == 0) return NULL;
  size_t count = lua_rawlen(L, at);
  luaL_argcheck(L, count <= 64, 2, "at most 64 multipart parts");
  HttpPart *part = lua_newuserdatauv(L, (count + 1) * sizeof *part, 0);
  for (; *n < count; (*n)++) {
    luaL_checkstack(L, 10, NULL);
    if (lua_rawgeti(L, at, (lua_Integer)*n + 1) != LUA_TTABLE) luaL_error(L, "multipart: expected tables");
    int p = lua_gettop(L);
    HttpPart *out = &part[*n];
    *out = (HttpPart){ .name = string_field(L, p, "name"), .filename = string_field(L, p, "filename"),
                       .content_type = string_field(L, p, "content_type"), .file = string_field(L, p, "file") };
    Span value = span_field(L, p, "value"), body = span_field(L, p, "body");
    out->body = value.ptr != NULL ? value : body;
    if (out->name == NULL) luaL_error(L, "multipart: a part without a name");
  }
  return part;
}

/* A body is a string, or an array of strings that are it in pieces: what many requests share is not copied
** into a string of its own for each. */
static void body_field(lua_State *L, int t, HttpRequest *r) {
  if (lua_getfield(L, t, "body") != LUA_TTABLE) {
    lua_pop(L, 1);
    r->body = span_field(L, t, "body");
    return;
  }
  int at = lua_gettop(L);
  size_t count = lua_rawlen(L, at);
  luaL_argcheck(L, 1 <= count && count <= 16, 2, "body: expected a string, or 1 to 16 of them");
  Span *piece = lua_newuserdatauv(L, count * sizeof *piece, 0);
  for (size_t i = 0; i < count; i++) {
    if (lua_rawgeti(L, at, (lua_Integer)i + 1) != LUA_TSTRING) luaL_error(L, "body: expected strings");
    piece[i].ptr = lua_tolstring(L, -1, &piece[i].len);
    lua_pop(L, 1);                       /* the table keeps it */
  }
  r->piece = piece;
  r->npieces = count;
}

/* client:submit{…}: queues it; raises where it cannot be sent at all. */
static int client_submit(lua_State *L) {
  static const char *const names[] = { "id", "path", "body", "headers", "input_tokens", "output_tokens", "delay",
                                       "priority", "method", "multipart", "to_file", "max_reply_bytes", NULL };
  Http *h = check_client(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  check_keys(L, 2, names);
  luaL_checkstack(L, 40, NULL);
  HttpRequest r = { 0 };
  int is_integer;
  lua_getfield(L, 2, "id");
  r.id = lua_tointegerx(L, -1, &is_integer);
  luaL_argcheck(L, is_integer, 2, "id: expected an integer");
  lua_getfield(L, 2, "priority");
  r.priority = lua_isnil(L, -1) ? 0 : lua_tointegerx(L, -1, &is_integer);
  luaL_argcheck(L, is_integer, 2, "priority: expected an integer");
  r.path = span_field(L, 2, "path");
  luaL_argcheck(L, r.path.ptr != NULL, 2, "path is missing");
  r.method = string_field(L, 2, "method");
  body_field(L, 2, &r);
  r.header = header_field(L, 2, "headers", &r.nheaders);
  r.part = part_field(L, 2, &r.nparts);
  r.need[PACE_INPUT] = number_field(L, 2, "input_tokens", 0);
  r.need[PACE_OUTPUT] = number_field(L, 2, "output_tokens", 0);
  r.delay_s = number_field(L, 2, "delay", 0);
  r.to_file = string_field(L, 2, "to_file");
  r.max_reply_bytes = (size_t)number_field(L, 2, "max_reply_bytes", 0);
  Error err = { "" };
  if (http_submit(h, &r, &err) != 0) return luaL_error(L, "%s", err.text);
  return 0;
}

static void push_headers(lua_State *L, const HttpReply *r) {
  lua_createtable(L, 0, (int)r->nheaders);
  for (size_t i = 0; i < r->nheaders; i++) {
    lua_pushstring(L, r->header[i].value);
    lua_setfield(L, -2, r->header[i].name);
  }
}

static void push_reply(lua_State *L, const HttpReply *r) {
  lua_createtable(L, 0, 12);
  lua_pushinteger(L, r->id);
  lua_setfield(L, -2, "id");
  lua_pushinteger(L, r->status);
  lua_setfield(L, -2, "status");
  lua_pushlstring(L, r->body.ptr, r->body.len);
  lua_setfield(L, -2, "body");
  push_headers(L, r);
  lua_setfield(L, -2, "headers");
  lua_pushstring(L, http_fault_word(r->fault));   /* nil where there is none */
  lua_setfield(L, -2, "error");
  lua_pushstring(L, r->message);
  lua_setfield(L, -2, "message");
  lua_pushnumber(L, r->elapsed_s);
  lua_setfield(L, -2, "elapsed");
  lua_pushboolean(L, r->sent);
  lua_setfield(L, -2, "sent");
  lua_pushinteger(L, (lua_Integer)r->bytes_sent);
  lua_setfield(L, -2, "bytes_sent");
  lua_pushinteger(L, (lua_Integer)r->bytes_received);
  lua_setfield(L, -2, "bytes_received");
  lua_pushinteger(L, r->http_version);
  lua_setfield(L, -2, "http_version");
  lua_pushinteger(L, r->sends);
  lua_setfield(L, -2, "sends");
}

/* client:poll(timeout) -> array of replies, requests in flight */
static int client_poll(lua_State *L) {
  Http *h = check_client(L);
  double timeout = luaL_optnumber(L, 2, 0);
  luaL_argcheck(L, timeout >= 0 && timeout < 1e9, 2, "expected seconds from 0 up");
  size_t n = http_poll(h, timeout);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_reply(L, http_reply(h, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  HttpStats s;
  http_stats(h, &s);
  lua_pushinteger(L, (lua_Integer)s.in_flight);
  return 2;
}

static double seconds_at(lua_State *L, int arg) {
  double s = luaL_optnumber(L, arg, 0);
  luaL_argcheck(L, s >= 0 && s < 1e9, arg, "expected seconds from 0 up");
  return s;
}

/* client:requeue(id, delay): the request of a reply of the last poll, once more as it was */
static int client_requeue(lua_State *L) {
  Http *h = check_client(L);
  lua_Integer id = luaL_checkinteger(L, 2);
  if (http_requeue(h, id, seconds_at(L, 3)) != 0)
    return luaL_error(L, "no reply of the last poll has the id %I, or it was queued again already", id);
  return 0;
}

/* client:refused(id, seconds): this reply of the last poll was a refusal for rate */
static int client_refused(lua_State *L) {
  Http *h = check_client(L);
  lua_Integer id = luaL_checkinteger(L, 2);
  http_refused(h, id, seconds_at(L, 3));
  return 0;
}

/* client:troubled(seconds): a fault that says nothing about rate */
static int client_troubled(lua_State *L) {
  Http *h = check_client(L);
  http_troubled(h, seconds_at(L, 2));
  return 0;
}

/* client:window(): how many may be in flight now */
static int client_window(lua_State *L) {
  HttpStats s;
  http_stats(check_client(L), &s);
  lua_pushinteger(L, (lua_Integer)s.window);
  return 1;
}

/* client:limit(name, { per_minute = n, burst = n, level = n }), or (name, nil) for no limit */
static int client_limit(lua_State *L) {
  Http *h = check_client(L);
  int which = luaL_checkoption(L, 2, NULL, BUCKETS);
  if (lua_isnoneornil(L, 3)) {
    http_limit(h, (PaceBucket)which, 0, 0, -1);
    return 0;
  }
  luaL_checktype(L, 3, LUA_TTABLE);
  set_bucket(L, h, (PaceBucket)which, 3);
  return 0;
}

/* client:credit(name, tokens): what a reply shows was reserved and not used (or, under 0, not reserved) */
static int client_credit(lua_State *L) {
  Http *h = check_client(L);
  int which = luaL_checkoption(L, 2, NULL, BUCKETS);
  double tokens = luaL_checknumber(L, 3);
  luaL_argcheck(L, isfinite(tokens), 3, "expected a number of tokens");
  http_credit(h, (PaceBucket)which, tokens);
  return 0;
}

/* client:scrub(text): text with what it repeats of the secrets masked */
static int client_scrub(lua_State *L) {
  Http *h = check_client(L);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  char *copy = lua_newuserdatauv(L, len + 1, 0);
  memcpy(copy, text, len);
  http_scrub(h, copy, len, 8);
  lua_pushlstring(L, copy, len);
  return 1;
}

static void set_count(lua_State *L, const char *name, double n) {
  if (n == floor(n)) lua_pushinteger(L, (lua_Integer)n);
  else lua_pushnumber(L, n);
  lua_setfield(L, -2, name);
}

static int client_stats(lua_State *L) {
  HttpStats s;
  http_stats(check_client(L), &s);
  lua_createtable(L, 0, 16);
  set_count(L, "in_flight", (double)s.in_flight);
  set_count(L, "queued", (double)s.queued);
  set_count(L, "sent", (double)s.sent);
  set_count(L, "finished", (double)s.finished);
  set_count(L, "retries", (double)s.repeated);
  set_count(L, "connections", (double)s.connections);
  set_count(L, "bytes_sent", (double)s.bytes_sent);
  set_count(L, "bytes_received", (double)s.bytes_received);
  set_count(L, "concurrency", s.window);
  lua_pushnumber(L, s.rate);
  lua_setfield(L, -2, "rate");
  set_count(L, "cuts", (double)s.cuts);
  set_count(L, "peak_in_flight", (double)s.peak_in_flight);
  set_count(L, "memory", (double)s.memory);
  set_count(L, "peak_memory", (double)s.peak_memory);
  return 1;
}

/* ---- pure functions ---- */

/* http.retry_delay(headers, now, cap) -> seconds, header, capped; nil where no header says anything.
** headers: { [lower-case name] = value }; now: seconds since 1970. */
static int f_retry_delay(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  double now = luaL_checknumber(L, 2), cap = luaL_optnumber(L, 3, HUGE_VAL), seconds;
  size_t count = 0, n = 0;
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) count++;
  HintHeader *h = lua_newuserdatauv(L, (count + 1) * sizeof *h, 0);
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING, 1, "expected names and strings");
    h[n].name.ptr = lua_tolstring(L, -2, &h[n].name.len);
    h[n].value.ptr = lua_tolstring(L, -1, &h[n].value.len);
    n++;
  }
  const HintHeader *which;
  if (hint_retry(h, n, now, &seconds, &which) != 0) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushnumber(L, fmin(seconds, cap));
  lua_pushlstring(L, which->name.ptr, which->name.len);
  lua_pushboolean(L, seconds > cap);
  return 3;
}

static int failed(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  return 2;
}

/* http.url(text) -> { scheme, host, port, path, origin, kind }; nil and a message. kind: "public",
** "loopback", "link-local" or "private" where the host alone tells, without resolving. */
static int f_url(lua_State *L) {
  Span text;
  Url u;
  Error err = { "" };
  text.ptr = luaL_checklstring(L, 1, &text.len);
  if (url_parse(&u, text, &err) != 0) return failed(L, &err);
  char origin[URL_ORIGIN];
  url_origin(&u, origin);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, u.scheme);
  lua_setfield(L, -2, "scheme");
  lua_pushstring(L, u.host);
  lua_setfield(L, -2, "host");
  lua_pushinteger(L, u.port);
  lua_setfield(L, -2, "port");
  lua_pushlstring(L, u.path.ptr, u.path.len);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, origin);
  lua_setfield(L, -2, "origin");
  lua_pushstring(L, address_word(url_host_kind(&u)));
  lua_setfield(L, -2, "kind");
  return 1;
}

/* client:path_of(url): what to submit as path for a URL that the server named; nil and a message where
** it lies at another origin, or outside of the client's prefix. */
static int client_path_of(lua_State *L) {
  const Url *own = http_origin(check_client(L));
  Span text;
  Url u;
  Error err = { "" };
  text.ptr = luaL_checklstring(L, 2, &text.len);
  if (url_parse(&u, text, &err) != 0) return failed(L, &err);
  size_t prefix = own->path.len;
  int inside = u.path.len > prefix && memcmp(u.path.ptr, own->path.ptr, prefix) == 0 && u.path.ptr[prefix] == '/';
  if (!url_same_origin(own, &u) || !inside) {
    char origin[URL_ORIGIN];
    url_origin(own, origin);
    error_set(&err, "the URL that the server named does not lie under %s%s", origin, prefix > 0 ? own->path.ptr : "");
    return failed(L, &err);
  }
  lua_pushlstring(L, u.path.ptr + prefix, u.path.len - prefix);
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "submit",   client_submit },
  { "poll",     client_poll },
  { "requeue",  client_requeue },
  { "refused",  client_refused },
  { "troubled", client_troubled },
  { "window",   client_window },
  { "limit",    client_limit },
  { "credit",   client_credit },
  { "scrub",    client_scrub },
  { "path_of",  client_path_of },
  { "stats",    client_stats },
  { "close",    client_close },
  { NULL, NULL }
};

static const luaL_Reg META[] = {
  { "__gc",    client_close },
  { "__close", client_close },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "client",      f_client },
  { "retry_delay", f_retry_delay },
  { "url",         f_url },
  { NULL, NULL }
};

int luaopen_http(lua_State *L) {
  luaL_newmetatable(L, CLIENT);
  luaL_setfuncs(L, META, 0);
  luaL_newlib(L, METHODS);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
