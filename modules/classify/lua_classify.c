/* modules/classify/lua_classify.c - linear classifiers of texts for Lua.
**   local model, err = classify.read(bytes)       -- a file of tamis fit
**   local model = classify.shipped()              -- the weights of the stage toxicity that come with the program
**   local score, value, first, last = model:score("some text")   -- 0 to 1; bytes of the worst piece, 0, 0: none
**   model:header()                                -- its text; nil of a fastText model
**   local model, err = classify.fasttext(bytes, "its name", "toxic")   -- the label that says yes
** and, for tamis fit (texts and labels are arrays of the same length):
**   local model, err = classify.fit { texts =, labels = { true, … }, out = { [i] = true: held out },
**     weights = { … }, bits =, char_min =, char_max =, words =, window =, pad =, least =, c =, smooth =,
**     passes =, seed = }
**   model:calibrate(values, labels, weights)      -- true | nil, message
**   model:bytes(header)                           -- the file
**   classify.groups(texts, 0.5)                   -- { lowest text of the group, … } of texts alike by their words
** and the operator of the stage: classify.check { model = model or nil, phrases = { … } or nil, threshold =,
**   action = "reject" or "tag", reason =, annotation =, metric = } */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "classify/classify_op.h"
#include "classify/shipped.h"
#include "classify/train.h"
#include "core/lua_buf.h"
#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "text/topics.h"

#define MODEL_TYPE "tamis.classify"

int luaopen_classify(lua_State *L);

/* ---- a model; its userdata holds a reference, since operators share it ---- */

static Model **push_model(lua_State *L) {
  Model **m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = NULL;
  luaL_setmetatable(L, MODEL_TYPE);
  return m;
}

static Model *check_model(lua_State *L, int arg) {
  Model **m = luaL_checkudata(L, arg, MODEL_TYPE);
  luaL_argcheck(L, *m != NULL, arg, "the model was not made");
  return *m;
}

static int model_gc(lua_State *L) {
  Model **m = luaL_checkudata(L, 1, MODEL_TYPE);
  model_unref(*m);
  *m = NULL;
  return 0;
}

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  return 2;
}

/* c, or where it is NULL nil and the error, over the empty model at the top. */
static int finish_model(lua_State *L, Model **m, Classify *c, const Error *err) {
  if (c == NULL) return push_failure(L, err);
  if ((*m = model_new(c)) == NULL) return luaL_error(L, "not enough memory");
  return 1;
}

static int read_model(lua_State *L, Span bytes) {
  Error err;
  Model **m = push_model(L);
  return finish_model(L, m, classify_read(bytes, &err), &err);
}

static int f_read(lua_State *L) {
  Span bytes;
  bytes.ptr = luaL_checklstring(L, 1, &bytes.len);
  return read_model(L, bytes);
}

static int f_shipped(lua_State *L) {
  return read_model(L, span_of((const char *)classify_shipped, classify_shipped_len));
}

static int f_fasttext(lua_State *L) {
  Span bytes, label;
  bytes.ptr = luaL_checklstring(L, 1, &bytes.len);
  const char *name = luaL_checkstring(L, 2);
  label.ptr = luaL_checklstring(L, 3, &label.len);
  Error err;
  Model **m = push_model(L);
  FastText *f = fasttext_open(bytes, name, &err);
  if (f == NULL || (*m = model_fasttext(f, label, &err)) == NULL) return push_failure(L, &err);
  return 1;
}

/* A model of tamis fit. */
static Classify *check_classify(lua_State *L) {
  Model *m = check_model(L, 1);
  luaL_argcheck(L, m->classify != NULL, 1, "expected a model of tamis fit");
  return m->classify;
}

static int m_score(lua_State *L) {
  const Model *m = check_model(L, 1);
  Span text;
  text.ptr = luaL_checklstring(L, 2, &text.len);
  ClassifyResult r = model_score(m, text);
  if (r.score < 0) return luaL_error(L, "not enough memory");
  lua_pushnumber(L, r.score);
  lua_pushnumber(L, r.value);
  lua_pushinteger(L, r.end > r.start ? (lua_Integer)r.start + 1 : 0);
  lua_pushinteger(L, (lua_Integer)r.end);
  return 4;
}

static int model_header(lua_State *L) {
  const Classify *c = check_model(L, 1)->classify;
  if (c == NULL) return 0;
  lua_pushlstring(L, c->header, c->header_len);
  return 1;
}

/* ---- fitting ---- */

/* The texts of the list at index t, which keeps them. */
static Span *push_texts(lua_State *L, int t, size_t *n) {
  luaL_checktype(L, t, LUA_TTABLE);
  lua_Integer len = luaL_len(L, t);
  luaL_argcheck(L, 0 <= len && len < (lua_Integer)1 << 31, t, "expected fewer than 2^31 texts");
  Span *text = lua_newuserdatauv(L, ((size_t)len + 1) * sizeof *text, 0);
  for (lua_Integer i = 1; i <= len; i++) {
    if (lua_geti(L, t, i) != LUA_TSTRING) luaL_error(L, "texts[%I]: expected a string", i);
    text[i - 1].ptr = lua_tolstring(L, -1, &text[i - 1].len);
    lua_pop(L, 1);
  }
  *n = (size_t)len;
  return text;
}

/* Element i of the list `key` of the argument: its truth, or missing where there is no list. */
static int flag_at(lua_State *L, int t, lua_Integer i) {
  if (t == 0) return 0;
  lua_geti(L, t, i);
  int v = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

static int optional_list(lua_State *L, const char *key) {
  int type = lua_getfield(L, 1, key);
  if (type == LUA_TTABLE) return lua_gettop(L);
  if (type != LUA_TNIL) luaL_error(L, "%s: expected a list", key);
  return 0;
}

static double weight_at(lua_State *L, int t, lua_Integer i) {
  if (t == 0) return 1;
  lua_geti(L, t, i);
  double v = luaL_optnumber(L, -1, 1);
  if (!(v > 0 && v <= 1e6)) luaL_error(L, "weights[%I]: expected a number above 0", i);
  lua_pop(L, 1);
  return v;
}

static void read_params(lua_State *L, TrainParams *p) {
  *p = (TrainParams){
    .read.shape = { .bits = (uint8_t)param_number(L, 1, "bits", FEATURES_MIN_BITS, FEATURES_MAX_BITS),
               .char_min = (uint8_t)param_number(L, 1, "char_min", 1, FEATURES_MAX_CHARS),
               .char_max = (uint8_t)param_number(L, 1, "char_max", 0, FEATURES_MAX_CHARS),
               .words = (uint8_t)param_number(L, 1, "words", 0, 2) },
    .read.window = (uint32_t)param_number(L, 1, "window", 1, CLASSIFY_MAX_WINDOW),
    .read.pad = (uint32_t)param_number(L, 1, "pad", 0, CLASSIFY_MAX_PAD),
    .read.least = (uint32_t)param_number(L, 1, "least", 1, CLASSIFY_MAX_WINDOW),
    .c = param_number(L, 1, "c", 1e-9, 1e9), .smooth = param_number(L, 1, "smooth", 0, 1e9),
    .passes = (unsigned)param_number(L, 1, "passes", 1, 10000), .seed = (uint64_t)param_number(L, 1, "seed", 0, 9e15),
  };
  if (p->read.shape.char_max == 0 ? p->read.shape.words == 0 : p->read.shape.char_min > p->read.shape.char_max)
    luaL_error(L, "expected char_min <= char_max, or words");
  if (p->read.least > p->read.window) luaL_error(L, "least: expected at most window");
}

static int f_fit(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  TrainParams params;
  read_params(L, &params);
  lua_getfield(L, 1, "texts");
  size_t n;
  Span *text = push_texts(L, lua_gettop(L), &n);
  int labels = optional_list(L, "labels"), out = optional_list(L, "out"), weights = optional_list(L, "weights");
  TrainText *t = lua_newuserdatauv(L, (n + 1) * sizeof *t, 0);
  for (size_t i = 0; i < n; i++) {
    lua_Integer k = (lua_Integer)i + 1;
    t[i] = (TrainText){ text[i], (uint8_t)flag_at(L, labels, k), (uint8_t)flag_at(L, out, k),
                        (float)weight_at(L, weights, k) };
  }
  Error err;
  Model **m = push_model(L);
  return finish_model(L, m, train_fit(t, n, &params, span_of("", 0), &err), &err);
}

static int model_calibrate(lua_State *L) {
  Classify *c = check_classify(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  int weights = lua_isnoneornil(L, 4) ? 0 : (luaL_checktype(L, 4, LUA_TTABLE), 4);
  luaL_argcheck(L, atomic_load(&check_model(L, 1)->refs) == 1, 1, "an operator uses the model");
  size_t n = (size_t)luaL_len(L, 2);
  double *value = lua_newuserdatauv(L, (n + 1) * 2 * sizeof *value, 0), *weight = value + n + 1;
  uint8_t *positive = lua_newuserdatauv(L, n + 1, 0);
  for (size_t i = 0; i < n; i++) {
    lua_geti(L, 2, (lua_Integer)i + 1);
    value[i] = luaL_checknumber(L, -1);
    lua_pop(L, 1);
    positive[i] = (uint8_t)flag_at(L, 3, (lua_Integer)i + 1);
    weight[i] = weight_at(L, weights, (lua_Integer)i + 1);
  }
  Error err;
  if (train_calibrate(c, value, positive, weight, n, &err) != 0) return push_failure(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static int model_bytes(lua_State *L) {
  const Classify *c = check_classify(L);
  Span header;
  header.ptr = luaL_checklstring(L, 2, &header.len);
  luaL_argcheck(L, header.len <= CLASSIFY_MAX_HEADER, 2, "a header has at most 65536 bytes");
  Buf *b = lua_newbuf(L);
  Classify named = *c;
  named.header = (char *)header.ptr;
  named.header_len = header.len;
  if (classify_write(&named, b) != 0) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, b->ptr, b->len);
  buf_free(b);
  return 1;
}

static int f_groups(lua_State *L) {
  size_t n;
  luaL_checktype(L, 1, LUA_TTABLE);
  double least = luaL_checknumber(L, 2);
  luaL_argcheck(L, least > 0 && least <= 1, 2, "expected a Jaccard above 0, at most 1");
  Span *text = push_texts(L, 1, &n);
  uint32_t *group = lua_newuserdatauv(L, (n + 1) * sizeof *group, 0);
  Error err;
  if (train_groups(text, n, least, group, &err) != 0) return push_failure(L, &err);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)group[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* ---- the operator ---- */

/* The phrases of the list at the top, compiled; NULL where they are nil. */
static Topics *read_phrases(lua_State *L, Error *err) {
  size_t n;
  int t = lua_gettop(L);
  if (lua_isnil(L, t)) return NULL;
  Span *text = push_texts(L, t, &n);
  TopicPhrase *phrase = lua_newuserdatauv(L, (n + 1) * sizeof *phrase, 0);
  for (size_t i = 0; i < n; i++) phrase[i] = (TopicPhrase){ text[i], (uint32_t)i };
  return topics_new(phrase, n, err);
}

/* The names of the list "fields" as bits; 0, every string, where it is absent. */
static uint32_t read_fields(lua_State *L) {
  size_t n;
  uint32_t bits = 0;
  if (lua_getfield(L, 1, "fields") != LUA_TNIL) {
    Span *name = push_texts(L, lua_gettop(L), &n);
    for (size_t i = 0; i < n; i++) {
      Field f = field_by_name(name[i]);
      if (f == FIELD_NONE) luaL_error(L, "fields: \"%s\" is no field", name[i].ptr);
      bits |= 1u << f;
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return bits;
}

static int f_check(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  ClassifyRule rule = { .threshold = param_number(L, 1, "threshold", 0, 1), .reason = param_string(L, 1, "reason").ptr,
                        .annotation = param_string(L, 1, "annotation").ptr,
                        .metric = param_string(L, 1, "metric").ptr };
  rule.tag = strcmp(param_string(L, 1, "action").ptr, "tag") == 0;
  rule.fields = read_fields(L);
  if (lua_getfield(L, 1, "model") != LUA_TNIL) rule.model = check_model(L, lua_gettop(L));
  lua_newrowop(L);
  lua_getfield(L, 1, "phrases");
  Error err;
  int lexicon = !lua_isnil(L, -1);
  rule.phrases = read_phrases(L, &err);
  if (lexicon && rule.phrases == NULL) return push_failure(L, &err);
  if (rule.model == NULL && !lexicon) return luaL_error(L, "expected a model or phrases");
  RowOp *op = classify_op(&rule, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_settop(L, 3);
  lua_setrowop(L, op);
  return 1;
}

static const luaL_Reg MODEL_METHODS[] = {
  { "score",     m_score },
  { "header",    model_header },
  { "calibrate", model_calibrate },
  { "bytes",     model_bytes },
  { "__gc",      model_gc },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "read",    f_read },
  { "shipped", f_shipped },
  { "fasttext", f_fasttext },
  { "fit",     f_fit },
  { "groups",  f_groups },
  { "check",   f_check },
  { NULL, NULL }
};

int luaopen_classify(lua_State *L) {
  luaL_newmetatable(L, MODEL_TYPE);
  luaL_setfuncs(L, MODEL_METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
