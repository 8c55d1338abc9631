/* runtime/rowfn.c - see rowfn.h */
#include "runtime/rowfn.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/json.h"
#include "runtime/purity.h"
#include "runtime/rowproxy.h"
#include "runtime/transfer.h"

enum {
  PURITY_VALUES = 200000,       /* how much of a function's surroundings is summed up */
  FIRST_CHECK = 64, LAST_CHECK = 65536,   /* rows between two looks: doubling */
  MAX_REASON = 100, MAX_RETURNS = 64, MAX_TOPIC = 200
};

/* One state's end of the operator: registry references, made before any row runs. */
typedef struct RowFnWorker {
  Sandbox *sandbox;             /* NULL: of no recipe, see rowfn_here */
  lua_State *L;
  RowProxy *proxy;
  int fn, ex, params, thread;
  uint64_t sum;
  size_t rows, next_check;
} RowFnWorker;

typedef struct RowFn {
  RowOp op;
  Recipe *recipe;
  lua_Integer number;
  RowFnKind kind;
  char *stage, *file;
  char *annotation, *otherwise; /* of a topic */
  int line;
  Span params;                  /* only while it is made */
  int nworkers;
  RowFnWorker worker[];
} RowFn;

/* ---- one row ---- */

static const char *function_words(const RowFn *f) {
  static const char *const words[] = { "the filter", "the map", "the row function", "the keep function",
                                       "the function" };
  return words[f->kind];
}

/* "recipe.lua:12: …" already? */
static int has_place(const char *text) {
  const char *colon = strchr(text, ':');
  if (colon == NULL) return 0;
  size_t digits = strspn(colon + 1, "0123456789");
  return digits > 0 && colon[1 + digits] == ':';
}

static int row_error(const RowFn *f, const Row *row, Out *out, const char *text) {
  const RowRec *rec = &row->corpus->rows[row->index];
  const char *path = row->corpus->sources[rec->source].path;
  const char *more = strchr(text, '\n');   /* a traceback */
  int len = more != NULL ? (int)(more - text) : (int)strlen(text);
  char place[600] = "";
  if (f->file != NULL && !has_place(text)) snprintf(place, sizeof place, "%s:%d: ", f->file, f->line);
  out_error(out, "%s%.*s (row %s:%u)%s", place, len, text, path, (unsigned)rec->line, more != NULL ? more : "");
  return -2;
}

static int call_failed(const RowFn *f, RowFnWorker *w, const Row *row, Out *out, int status) {
  lua_State *L = w->L;
  char text[256];
  if (status == LUA_ERRMEM) {
    if (w->sandbox == NULL) return -1;
    snprintf(text, sizeof text, "%s of %s needs more memory than the %zu MiB that a recipe may have", function_words(f),
             f->stage, w->sandbox->limit.memory >> 20);
    return row_error(f, row, out, text);
  }
  return row_error(f, row, out, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that is no text");
}

/* From here to the next divide the state is not protected: only calls that cannot raise. */

static Span text_at(lua_State *L, int idx, char room[64]) {
  size_t len = 0;
  if (lua_type(L, idx) == LUA_TSTRING) {
    const char *text = lua_tolstring(L, idx, &len);
    return span_of(text, len);
  }
  if (lua_type(L, idx) != LUA_TNUMBER) return (Span){ 0 };
  if (lua_isinteger(L, idx)) snprintf(room, 64, "%lld", (long long)lua_tointeger(L, idx));
  else json_double_text(lua_tonumber(L, idx), room);
  return span_str(room);
}

static int wrong_return(const RowFn *f, const Row *row, Out *out, const char *got) {
  static const char *const wanted[] = {
    "nil or true to keep the row, false or a reason to reject it",
    "nil or a table { field = new_text, annotation = value }",
    "nil or true, false or a reason, or a table of what to change",
    "a number, or nil for a row that comes last",
    "the row's topic, a text, or nil"
  };
  char text[256];
  snprintf(text, sizeof text, "%s of %s returned %s: expected %s", function_words(f), f->stage, got, wanted[f->kind]);
  return row_error(f, row, out, text);
}

/* Two values on top: verdict and detail. */
static int settle_filter(const RowFn *f, lua_State *L, const Row *row, Out *out) {
  Span reason = span_str(f->stage);
  switch (lua_type(L, -2)) {
    case LUA_TNIL: return 0;
    case LUA_TBOOLEAN:
      if (lua_toboolean(L, -2)) return 0;
      break;
    case LUA_TSTRING:
      reason.ptr = lua_tolstring(L, -2, &reason.len);
      if (reason.len == 0) return wrong_return(f, row, out, "an empty reason");
      if (reason.len > MAX_REASON)
        return wrong_return(f, row, out, "a reason of over 100 bytes (a second value may hold the detail)");
      break;
    default: {
      char got[64];
      snprintf(got, sizeof got, "a %s", lua_typename(L, lua_type(L, -2)));
      return wrong_return(f, row, out, got);
    }
  }
  char room[64];
  return out_reject_detail(out, reason, text_at(L, -1, room));
}

typedef struct Change { Span name; Value value; } Change;

static int by_name(const void *pa, const void *pb) {
  const Change *a = pa, *b = pb;
  size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
  int r = memcmp(a->name.ptr, b->name.ptr, n);
  return r != 0 ? r : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static Value value_at(lua_State *L, int idx) {
  Value v = { .type = VALUE_NONE };
  switch (lua_type(L, idx)) {
    case LUA_TSTRING:
      v.type = VALUE_STRING;
      v.text.ptr = lua_tolstring(L, idx, &v.text.len);
      break;
    case LUA_TBOOLEAN:
      v.type = VALUE_BOOL;
      v.integer = lua_toboolean(L, idx);
      break;
    case LUA_TNUMBER:
      v.type = lua_isinteger(L, idx) ? VALUE_INT : VALUE_DOUBLE;
      if (v.type == VALUE_INT) v.integer = lua_tointeger(L, idx);
      else v.number = lua_tonumber(L, idx);
      break;
    default: break;
  }
  return v;
}

static int change_field(const RowFn *f, Row *row, Out *out, Field field, const Change *c) {
  char text[256];
  RowString string[1];
  const char *name = field_name(field), *wrong = NULL;
  size_t n = row_field_strings(row, field, string, 1);
  if (c->value.type != VALUE_STRING) wrong = "is no text";
  else if (n == 0) wrong = "is returned, but the row has no such field";
  else if (n > 1) wrong = "is made of several strings, so there is no one place to write a new text to";
  else if (json_utf8_fault(c->value.text) != c->value.text.len) wrong = "is not UTF-8";
  if (wrong == NULL) return span_eq(string[0].text, c->value.text) ? 0 : out_edit(out, &string[0], c->value.text);
  snprintf(text, sizeof text, "%s of %s: %s %s", function_words(f), f->stage, name, wrong);
  return row_error(f, row, out, text);
}

/* Are two names one slip apart: a letter more, less, another, or two that changed places? */
static int one_slip(Span a, Span b) {
  if (a.len > b.len) { Span t = a; a = b; b = t; }
  if (b.len - a.len > 1) return 0;
  size_t i = 0, j = 0;
  while (i < a.len && a.ptr[i] == b.ptr[i]) i++;                          /* i: equal bytes in front */
  while (j < a.len - i && a.ptr[a.len - 1 - j] == b.ptr[b.len - 1 - j]) j++;   /* j: behind */
  size_t middle = a.len - i - j;
  if (b.len > a.len) return middle == 0;
  if (middle == 2) return a.ptr[i] == b.ptr[i + 1] && a.ptr[i + 1] == b.ptr[i];
  return middle == 1;
}

/* The field whose name a misspelt one surely means; FIELD_NONE if none. */
static Field misspelt_field(Span name) {
  for (int field = 0; field < FIELD_COUNT; field++)
    if (one_slip(name, span_str(field_name((Field)field)))) return (Field)field;
  return FIELD_NONE;
}

static int wrong_name(const RowFn *f, const Row *row, Out *out, Span name, Field meant) {
  char text[256];
  snprintf(text, sizeof text, "%s of %s: no field \"%.*s\"; did you mean \"%s\"? (an annotation needs a name less alike)",
           function_words(f), f->stage, (int)(name.len < 60 ? name.len : 60), name.ptr, field_name(meant));
  return row_error(f, row, out, text);
}

static int apply_change(const RowFn *f, Row *row, Out *out, const Change *c) {
  Field field = field_by_name(c->name);
  if (field != FIELD_NONE) return change_field(f, row, out, field, c);
  Field meant = misspelt_field(c->name);
  if (meant != FIELD_NONE) return wrong_name(f, row, out, c->name, meant);
  if (c->value.type != VALUE_NONE) return out_annotate(out, c->name, c->value);
  char text[256];
  snprintf(text, sizeof text, "%s of %s: the annotation \"%.*s\" is no text, number or boolean", function_words(f),
           f->stage, (int)(c->name.len < 60 ? c->name.len : 60), c->name.ptr);
  return row_error(f, row, out, text);
}

/* A table below the top: { field = new_text, annotation = value }, taken in order of names. */
static int settle_map(const RowFn *f, lua_State *L, Row *row, Out *out) {
  Change change[MAX_RETURNS];
  size_t n = 0;
  int table = lua_gettop(L) - 1;
  if (!lua_checkstack(L, 4)) return -1;
  for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
    if (n == MAX_RETURNS) return wrong_return(f, row, out, "a table of more than 64 entries");
    if (lua_type(L, -2) != LUA_TSTRING) return wrong_return(f, row, out, "a table with a key that is no name");
    change[n].name.ptr = lua_tolstring(L, -2, &change[n].name.len);
    change[n].value = value_at(L, -1);
    n++;
  }
  if (n > 1) qsort(change, n, sizeof *change, by_name);
  int r = 0;
  for (size_t i = 0; r == 0 && i < n; i++) r = apply_change(f, row, out, &change[i]);
  return r;
}

static int settle_rank(const RowFn *f, lua_State *L, Row *row, Out *out) {
  int type = lua_type(L, -2);
  if (type == LUA_TNUMBER) return out_metric(out, 0, lua_tonumber(L, -2));
  if (type == LUA_TNIL) return out_metric(out, 0, NAN);
  char got[64];
  snprintf(got, sizeof got, "a %s", lua_typename(L, type));
  return wrong_return(f, row, out, got);
}

static int settle_topic(const RowFn *f, lua_State *L, Row *row, Out *out) {
  Value topic = { .type = VALUE_STRING, .text = span_str(f->otherwise) };
  int type = lua_type(L, -2);
  if (type == LUA_TSTRING) topic.text.ptr = lua_tolstring(L, -2, &topic.text.len);
  if (topic.text.len == 0) return wrong_return(f, row, out, "an empty text");
  if (topic.text.len > MAX_TOPIC) return wrong_return(f, row, out, "a topic of over 200 bytes");
  if (type == LUA_TSTRING || type == LUA_TNIL) return out_annotate(out, span_str(f->annotation), topic);
  char got[64];
  snprintf(got, sizeof got, "a %s", lua_typename(L, type));
  return wrong_return(f, row, out, got);
}

static int settle(const RowFn *f, lua_State *L, Row *row, Out *out) {
  int type = lua_type(L, -2);
  if (f->kind == ROWFN_TOPIC) return settle_topic(f, L, row, out);
  if (f->kind == ROWFN_RANK) return settle_rank(f, L, row, out);
  if (type == LUA_TTABLE && f->kind != ROWFN_FILTER) return settle_map(f, L, row, out);
  if (f->kind != ROWFN_MAP || type == LUA_TNIL) return settle_filter(f, L, row, out);
  char got[64];
  snprintf(got, sizeof got, "a %s", lua_typename(L, type));
  return wrong_return(f, row, out, got);
}

/* ---- purity ---- */

typedef struct SumCall { const RowFnWorker *w; uint64_t sum; } SumCall;

/* The function, and the parameters that it is handed each time. */
static uint64_t sum_of(lua_State *L, const RowFnWorker *w) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, w->fn);
  uint64_t sum = purity_sum(L, -1, PURITY_VALUES);
  if (w->params == LUA_NOREF) return sum;
  lua_rawgeti(L, LUA_REGISTRYINDEX, w->params);
  return sum + purity_sum(L, -1, PURITY_VALUES);
}

static int sum_inside(lua_State *L) {
  SumCall *c = lua_touserdata(L, 1);
  c->sum = sum_of(L, c->w);
  return 0;
}

/* The sum now; the old one if it cannot be made (no memory: the next call will say so). */
static uint64_t sum_now(const RowFnWorker *w) {
  lua_State *L = w->sandbox->L;
  SumCall c = { w, w->sum };
  lua_settop(L, 0);
  lua_pushcfunction(L, sum_inside);
  lua_pushlightuserdata(L, &c);
  if (sandbox_call(w->sandbox, 1, 0) != LUA_OK) c.sum = w->sum;
  lua_settop(L, 0);
  return c.sum;
}

static const char impure[] = "%s:%d: %s of %s must be pure, but it changed a variable outside itself; "
                             "serial = true runs it row by row on one state";

static int check_purity(const RowFn *f, RowFnWorker *w, Out *out) {
  if (f->op.serial || ++w->rows < w->next_check) return 0;
  w->next_check = w->rows + (w->rows < LAST_CHECK ? w->rows : LAST_CHECK);
  if (sum_now(w) == w->sum) return 0;
  out_error(out, impure, f->file, f->line, function_words(f), f->stage);
  return -2;
}

/* ---- the operator ---- */

static int run(const RowOp *base, Row *row, Out *out) {
  RowFn *f = (RowFn *)base;
  const int number = base->serial ? 0 : scratch_worker(row->scratch);
  if (number >= f->nworkers) {
    out_error(out, "%s of %s was made for %d threads, and runs on more", function_words(f), f->stage, f->nworkers);
    return -2;
  }
  RowFnWorker *w = &f->worker[number];
  lua_State *L = w->L;
  w->proxy->row = row;
  w->proxy->has_raw = 0;
  lua_rawgeti(L, LUA_REGISTRYINDEX, w->fn);
  lua_rawgeti(L, LUA_REGISTRYINDEX, w->ex);
  int nargs = 1;
  if (w->params != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->params);
    nargs = 2;
  }
  int status = w->sandbox != NULL ? sandbox_call(w->sandbox, nargs, 2) : lua_pcall(L, nargs, 2, 0);
  int r = status != LUA_OK ? call_failed(f, w, row, out, status) : settle(f, L, row, out);
  w->proxy->row = NULL;
  lua_settop(L, 0);
  return r != 0 ? r : check_purity(f, w, out);
}

int rowfn_check(const RowOp *op, Error *err) {
  if (op->run != run || op->serial) return 0;
  RowFn *f = (RowFn *)op;
  for (int i = 0; i < f->nworkers; i++) {
    RowFnWorker *w = &f->worker[i];
    if (w->sandbox != NULL && w->rows > 0 && sum_now(w) != w->sum)
      return error_set(err, impure, f->file, f->line, function_words(f), f->stage);
  }
  return 0;
}

static void destroy(RowOp *op) {
  RowFn *f = (RowFn *)op;
  for (int i = 0; i < f->nworkers; i++) {
    RowFnWorker *w = &f->worker[i];
    if (w->L == NULL) continue;
    luaL_unref(w->L, LUA_REGISTRYINDEX, w->fn);
    luaL_unref(w->L, LUA_REGISTRYINDEX, w->ex);
    luaL_unref(w->L, LUA_REGISTRYINDEX, w->params);
    luaL_unref(w->L, LUA_REGISTRYINDEX, w->thread);
  }
  if (f->recipe != NULL) recipe_unref(f->recipe);
  free(f->stage);
  free(f->file);
  free(f->annotation);
  free(f->otherwise);
  free(f);
}

typedef struct OpenCall { RowFn *f; RowFnWorker *w; } OpenCall;

static int open_inside(lua_State *L) {
  const OpenCall *c = lua_touserdata(L, 1);
  recipe_function(L, c->f->number);
  if (lua_type(L, -1) != LUA_TFUNCTION) return luaL_error(L, "there is no such function in this recipe");
  c->w->fn = luaL_ref(L, LUA_REGISTRYINDEX);
  c->w->proxy = rowproxy_push(L);
  c->w->ex = luaL_ref(L, LUA_REGISTRYINDEX);
  if (c->f->params.len > 0) {
    size_t at = 0;
    transfer_read(L, c->f->params, &at);
    c->w->params = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  if (!c->f->op.serial) c->w->sum = sum_of(L, c->w);
  return 0;
}

static int open_workers(RowFn *f, Error *err) {
  if (recipe_load(f->recipe, f->nworkers, err) != 0) return -1;
  for (int i = 0; i < f->nworkers; i++) {
    RowFnWorker *w = &f->worker[i];
    w->fn = w->ex = w->params = w->thread = LUA_NOREF;
    w->next_check = FIRST_CHECK;
    w->sandbox = f->recipe->worker[i];
    w->L = w->sandbox->L;
    OpenCall c = { f, w };
    if (recipe_run(f->recipe, i, open_inside, &c, err) != 0) return -1;
  }
  return 0;
}

/* What some kinds have beside. 0; -1 if out of memory. */
static int add_extras(RowFn *f, const RowFnSpec *spec) {
  if (f->kind == ROWFN_RANK) return rowop_add_metric(&f->op, "rank") != 0 ? -1 : 0;
  if (f->kind != ROWFN_TOPIC) return 0;
  f->annotation = strdup(spec->annotation);
  f->otherwise = strdup(spec->otherwise);
  return f->annotation != NULL && f->otherwise != NULL ? 0 : -1;
}

RowOp *rowfn_new(Recipe *r, const RowFnSpec *spec, Error *err) {
  int n = spec->serial ? 1 : spec->threads;
  RowFn *f = calloc(1, sizeof *f + (size_t)n * sizeof f->worker[0]);
  if (f == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&f->op, run, destroy);
  f->op.serial = spec->serial;
  f->op.skip_rejected = 1;
  f->recipe = recipe_ref(r);
  f->number = spec->number;
  f->kind = spec->kind;
  f->stage = strdup(spec->stage);
  f->file = strdup(spec->file);
  f->line = spec->line;
  f->params = spec->params;
  f->nworkers = n;
  int bad = f->stage == NULL || f->file == NULL || add_extras(f, spec) != 0 ? error_memory(err) : open_workers(f, err);
  f->params = (Span){ 0 };
  if (bad == 0) return &f->op;
  rowop_unref(&f->op);
  return NULL;
}

/* The function runs on a thread of its own, so that its stack is no one else's. */
RowOp *rowfn_here(lua_State *L, const RowFnSpec *spec, Error *err) {
  RowFnWorker w = { .params = LUA_NOREF, .fn = luaL_ref(L, LUA_REGISTRYINDEX) };
  w.proxy = rowproxy_push(L);
  w.ex = luaL_ref(L, LUA_REGISTRYINDEX);
  w.L = lua_newthread(L);
  w.thread = luaL_ref(L, LUA_REGISTRYINDEX);
  RowFn *f = calloc(1, sizeof *f + sizeof f->worker[0]);
  char *name = strdup(spec->stage);
  if (f == NULL || name == NULL) {
    int refs[] = { w.fn, w.ex, w.thread };
    for (int i = 0; i < 3; i++) luaL_unref(L, LUA_REGISTRYINDEX, refs[i]);
    free(f);
    free(name);
    error_memory(err);
    return NULL;
  }
  rowop_init(&f->op, run, destroy);
  f->op.serial = f->op.skip_rejected = 1;
  f->kind = spec->kind;
  f->stage = name;
  f->nworkers = 1;
  f->worker[0] = w;
  if (add_extras(f, spec) == 0) return &f->op;
  rowop_unref(&f->op);
  error_memory(err);
  return NULL;
}
