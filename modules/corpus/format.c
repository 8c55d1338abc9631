/* modules/corpus/format.c - one walker for all formats, see format.h.
**
** The members that json_check noted are matched against the format's keys once; then the slots
** are read in their own order, which is the order of reading, whatever the order in the row. */
#include "corpus/format.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_KEYS = 64, MAX_SLOTS = 32, MAX_TURN_STRINGS = 32 };

typedef struct Path {
  char *text;       /* owned, NUL-terminated: also the name of a fault */
  size_t len;
  int key;          /* index into keys where the path is one plain name; else -1: json_path */
} Path;

typedef struct Slot {
  int field;        /* Field, FORMAT_CHAT or FORMAT_ASKED */
  int shapes;
  int optional;
  size_t npaths;
  Path *path;       /* [npaths] owned */
} Slot;

typedef struct Words { size_t n; char *word[MAX_TURN_STRINGS]; } Words;

struct Format {
  atomic_int refs;
  char *name;
  size_t nslots, nkeys;
  Slot slot[MAX_SLOTS];
  Span key[MAX_KEYS];             /* into the paths of the slots */
  Words role_keys, text_keys, call_keys, part_types, roles;
  TurnRole role[MAX_TURN_STRINGS];
};

/* ---- making one ---- */

static char *copy_span(Span s) {
  char *copy = malloc(s.len + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, s.ptr, s.len);
  copy[s.len] = '\0';
  return copy;
}

Format *format_new(Span name) {
  Format *f = calloc(1, sizeof *f);
  if (f == NULL) return NULL;
  f->refs = 1;
  f->name = copy_span(name);
  if (f->name == NULL) {
    free(f);
    return NULL;
  }
  return f;
}

Format *format_ref(Format *f) {
  atomic_fetch_add(&f->refs, 1);
  return f;
}

static void free_words(Words *w) {
  for (size_t i = 0; i < w->n; i++) free(w->word[i]);
}

void format_unref(Format *f) {
  if (f == NULL || atomic_fetch_sub(&f->refs, 1) != 1) return;
  for (size_t i = 0; i < f->nslots; i++) {
    for (size_t k = 0; k < f->slot[i].npaths; k++) free(f->slot[i].path[k].text);
    free(f->slot[i].path);
  }
  free_words(&f->role_keys);
  free_words(&f->text_keys);
  free_words(&f->call_keys);
  free_words(&f->part_types);
  free_words(&f->roles);
  free(f->name);
  free(f);
}

const char *format_name(const Format *f) { return f->name; }

static int is_plain(Span path) {
  return path.len > 0 && memchr(path.ptr, '.', path.len) == NULL && memchr(path.ptr, '[', path.len) == NULL;
}

/* The index of a key, noted if it is new; -1 if there are too many. */
static int key_index(Format *f, Span name) {
  for (size_t i = 0; i < f->nkeys; i++)
    if (span_eq(f->key[i], name)) return (int)i;
  if (f->nkeys == MAX_KEYS) return -1;
  f->key[f->nkeys] = name;
  return (int)f->nkeys++;
}

int format_add_slot(Format *f, int field, int shapes, int optional,
                    const Span *paths, size_t npaths, Error *err) {
  if (f->nslots == MAX_SLOTS) return error_set(err, "format %s: more than %d slots", f->name, MAX_SLOTS);
  if (npaths == 0) return error_set(err, "format %s: a slot without a path", f->name);
  if (field >= FORMAT_CHAT && shapes != SHAPE_TURNS)
    return error_set(err, "format %s: a chat has the shape turns and no other", f->name);
  Slot *s = &f->slot[f->nslots];
  *s = (Slot){ .field = field, .shapes = shapes, .optional = optional };
  s->path = calloc(npaths, sizeof *s->path);
  if (s->path == NULL) return error_memory(err);
  f->nslots++;
  for (size_t i = 0; i < npaths; i++) {
    Path *p = &s->path[s->npaths];
    if (paths[i].len == 0) return error_set(err, "format %s: an empty path", f->name);
    p->text = copy_span(paths[i]);
    if (p->text == NULL) return error_memory(err);
    s->npaths++;
    p->len = paths[i].len;
    p->key = -1;
    if (!is_plain(paths[i])) continue;
    p->key = key_index(f, span_of(p->text, p->len));
    if (p->key < 0) return error_set(err, "format %s: more than %d keys", f->name, MAX_KEYS);
  }
  return 0;
}

static int add_word(Format *f, Words *w, Span word, Error *err) {
  if (w->n == MAX_TURN_STRINGS) return error_set(err, "format %s: more than %d names of one kind in turns", f->name, MAX_TURN_STRINGS);
  char *copy = copy_span(word);
  if (copy == NULL) return error_memory(err);
  w->word[w->n++] = copy;
  return 0;
}

int format_add_role_key(Format *f, Span key, Error *err) { return add_word(f, &f->role_keys, key, err); }
int format_add_text_key(Format *f, Span key, Error *err) { return add_word(f, &f->text_keys, key, err); }
int format_add_call_key(Format *f, Span key, Error *err) { return add_word(f, &f->call_keys, key, err); }
int format_add_part_type(Format *f, Span type, Error *err) { return add_word(f, &f->part_types, type, err); }
int format_add_role(Format *f, Span name, TurnRole role, Error *err) {
  if (add_word(f, &f->roles, name, err) != 0) return -1;
  f->role[f->roles.n - 1] = role;
  return 0;
}

TurnRole turn_role_by_name(Span name) {
  static const char *const names[] = {
    [TURN_SYSTEM] = "system", [TURN_USER] = "user", [TURN_ASSISTANT] = "assistant",
    [TURN_TOOL] = "tool", [TURN_CALL] = "call",
  };
  for (int r = TURN_SYSTEM; r <= TURN_CALL; r++)
    if (span_eq(name, span_str(names[r]))) return (TurnRole)r;
  return TURN_NONE;
}

/* ---- walking a row ---- */

typedef struct TurnRef { TurnRole role; JsonValue text; } TurnRef;

typedef struct Walk {
  const Format *f;
  Span line;
  const JsonDoc *doc;
  FormatRow *out;
  unsigned turn;                    /* running number of turns and entries */
  size_t found[MAX_KEYS];           /* member of each key, plus one; 0: absent */
  uint64_t twice;                   /* bit k: key k stands twice */
} Walk;

enum { WALK_FAULT = 1 };            /* the row's fault is in out; -1 is out of memory */

static int fault(Walk *w, RowState state, const char *at, const char *name) {
  w->out->state = state;
  w->out->offset = at == NULL ? 0 : (uint32_t)(at - w->line.ptr);
  w->out->name = name;
  w->out->nstrings = 0;
  return WALK_FAULT;
}

/* The same, at the first byte of a value: a string's quote. */
static int fault_at(Walk *w, RowState state, const JsonValue *v, const char *name) {
  return fault(w, state, v->raw.ptr - (v->kind == JSON_STRING), name);
}

static int index_of(const Words *w, const JsonValue *v) {
  for (size_t i = 0; i < w->n; i++)
    if (json_string_is(v, span_str(w->word[i]))) return (int)i;
  return -1;
}

static void match_members(Walk *w) {
  memset(w->found, 0, w->f->nkeys * sizeof w->found[0]);
  w->twice = 0;
  for (size_t m = 0; m < w->doc->nmembers; m++) {
    const JsonValue *key = &w->doc->member[m].key;
    int escaped = key->flags & JSON_ESCAPED;
    for (size_t k = 0; k < w->f->nkeys; k++) {
      if (!escaped && key->raw.len != w->f->key[k].len) continue;
      if (!json_string_is(key, w->f->key[k])) continue;
      if (w->found[k] != 0) w->twice |= 1ull << k;
      w->found[k] = m + 1;
      break;
    }
  }
}

/* One string of a field. flags: of STRING_ASSISTANT, STRING_TURN, STRING_USER. */
static int add_string(Walk *w, const JsonValue *v, Field field, int flags, const char *name) {
  FormatRow *out = w->out;
  if (v->flags & JSON_SURROGATE) {
    size_t lone = json_lone_surrogate(v->raw);
    if (lone < v->raw.len) return fault(w, ROW_LONE_SURROGATE, v->raw.ptr + lone, name);
  }
  if (out->nstrings == UINT16_MAX) return fault(w, ROW_TOO_LONG, v->raw.ptr, name);
  if (out->nstrings == out->cap) {
    size_t cap = out->cap > 0 ? out->cap * 2 : 16;
    StringRef *string = realloc(out->string, cap * sizeof *string);
    if (string == NULL) return -1;
    out->string = string;
    out->cap = cap;
  }
  int escaped = (v->flags & JSON_ESCAPED) != 0;
  out->string[out->nstrings++] = (StringRef){
    .start = (uint32_t)(v->raw.ptr - w->line.ptr),
    .len = (uint32_t)v->raw.len & 0x7FFFFFFFu,
    .escaped = (unsigned)escaped & 1u,
    .turn = (uint16_t)(w->turn > UINT16_MAX ? UINT16_MAX : w->turn),
    .field = (uint8_t)field,
    .flags = (uint8_t)(flags | (escaped ? STRING_ESCAPED : 0) |
                       (!escaped && v->flags & JSON_ASCII ? STRING_ASCII : 0)),
  };
  return 0;
}

/* ---- turns ---- */

/* Of several keys that may carry a value, the first of the list counts. */
typedef struct Pick { int rank; JsonValue value; int twice; } Pick;

static void pick(Pick *p, int rank, const JsonValue *v) {
  if (rank < 0 || (p->value.kind != JSON_NONE && rank > p->rank)) return;
  p->twice = p->value.kind != JSON_NONE && rank == p->rank;
  p->rank = rank;
  p->value = *v;
}

/* Is the text of a turn what it may be? A null or absent one goes with a call only. */
static int check_text(Walk *w, const JsonValue *turn, const Pick *text, int call) {
  const char *name = w->f->text_keys.n > 0 ? w->f->text_keys.word[0] : NULL;
  JsonKind kind = text->value.kind;
  if (text->twice) return fault_at(w, ROW_DUPLICATE_KEY, &text->value, name);
  if (kind == JSON_STRING || kind == JSON_ARRAY || (call && (kind == JSON_NULL || kind == JSON_NONE))) return 0;
  if (kind == JSON_NONE) return fault(w, ROW_MISSING_FIELD, turn->raw.ptr, name);
  return fault_at(w, ROW_FIELD_TYPE, &text->value, name);
}

static int read_turn(Walk *w, const JsonValue *turn, TurnRef *out) {
  const Format *f = w->f;
  const char *role_name = f->role_keys.n > 0 ? f->role_keys.word[0] : NULL;
  Pick role = { 0 }, text = { 0 };
  int call = 0;
  JsonValue key, v;
  if (turn->kind != JSON_OBJECT) return fault_at(w, ROW_FIELD_TYPE, turn, role_name);
  for (JsonIter it = json_iter(turn); json_next(&it, &key, &v);) {
    pick(&role, index_of(&f->role_keys, &key), &v);
    pick(&text, index_of(&f->text_keys, &key), &v);
    if (v.kind != JSON_NULL && index_of(&f->call_keys, &key) >= 0) call = 1;
  }
  if (role.value.kind == JSON_NONE) return fault(w, ROW_MISSING_FIELD, turn->raw.ptr, role_name);
  if (role.twice) return fault_at(w, ROW_DUPLICATE_KEY, &role.value, role_name);
  int r = index_of(&f->roles, &role.value);
  if (r < 0) return fault_at(w, ROW_FIELD_TYPE, &role.value, role_name);
  out->role = f->role[r];
  out->text = text.value;
  return check_text(w, turn, &text, call || out->role == TURN_CALL);
}

/* Reads all turns into out->turn. *n of them. */
static int read_turns(Walk *w, const JsonValue *list, size_t *n) {
  FormatRow *out = w->out;
  JsonValue v = *list;
  JsonIter it = json_iter(list);
  for (*n = 0; list->kind == JSON_OBJECT ? *n == 0 : json_next(&it, NULL, &v); ++*n) {
    if (*n == out->turn_cap) {
      size_t cap = out->turn_cap > 0 ? out->turn_cap * 2 : 16;
      TurnRef *turn = realloc(out->turn, cap * sizeof *turn);
      if (turn == NULL) return -1;
      out->turn = turn;
      out->turn_cap = cap;
    }
    int r = read_turn(w, &v, &out->turn[*n]);
    if (r != 0) return r;
  }
  return 0;
}

/* A list of parts: strings, and objects whose type is one of text. Others are no text. */
static int add_parts(Walk *w, const JsonValue *list, Field field, int flags) {
  JsonValue part;
  const char *name = w->f->text_keys.word[0];
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &part);) {
    if (part.kind == JSON_OBJECT) {
      JsonValue type = json_get(&part, span_str("type"));
      if (index_of(&w->f->part_types, &type) < 0) continue;
      part = json_get(&part, span_str("text"));
      if (part.kind == JSON_NONE) return fault(w, ROW_MISSING_FIELD, list->raw.ptr, "text");
    }
    if (part.kind != JSON_STRING) return fault_at(w, ROW_FIELD_TYPE, &part, name);
    int r = add_string(w, &part, field, flags, name);
    if (r != 0) return r;
  }
  return 0;
}

static int add_turn(Walk *w, const TurnRef *t, Field field, int flags) {
  if (field == FIELD_NONE || t->role == TURN_CALL) return 0;
  if (t->text.kind == JSON_ARRAY) return add_parts(w, &t->text, field, flags);
  if (t->text.kind == JSON_STRING) return add_string(w, &t->text, field, flags, w->f->text_keys.word[0]);
  return 0;
}

static int is_reply(TurnRole r) { return r == TURN_ASSISTANT || r == TURN_CALL; }

/* The field of turn i, where `last` is the last of the assistant's (n if none is looked for). */
static Field field_of_turn(int slot_field, TurnRole role, size_t i, size_t last) {
  if (i > last) return FIELD_NONE;
  if (i == last) return slot_field == FIELD_ALTERNATIVE ? FIELD_ALTERNATIVE : FIELD_OUTPUT;
  if (slot_field == FIELD_ALTERNATIVE) return FIELD_NONE;
  return role == TURN_SYSTEM ? FIELD_SYSTEM : FIELD_INPUT;
}

/* The turn that is the output (or the alternative), n where the slot asks for none; n + 1: there is none. */
static size_t output_turn(int slot_field, const TurnRef *turn, size_t n) {
  size_t last = n;
  if (slot_field == FIELD_INPUT || slot_field == FIELD_SYSTEM) return n;
  while (last > 0 && !is_reply(turn[last - 1].role)) {
    if (slot_field == FORMAT_ASKED && turn[last - 1].role == TURN_USER) return n;
    last--;
  }
  return last > 0 ? last - 1 : n + 1;
}

static int walk_turns(Walk *w, const Slot *s, const JsonValue *list) {
  size_t n, users = 0;
  int r = read_turns(w, list, &n);
  if (r != 0) return r;
  const TurnRef *turn = w->out->turn;
  size_t last = output_turn(s->field, turn, n);
  if (last > n) return fault(w, ROW_MISSING_FIELD, list->raw.ptr, s->field == FORMAT_ASKED ? "user" : "assistant");
  for (size_t i = 0; i < last; i++) users += turn[i].role == TURN_USER;
  if (s->field >= FORMAT_CHAT && users == 0) return fault(w, ROW_MISSING_FIELD, list->raw.ptr, "user");
  for (size_t i = 0; i < n; i++, w->turn++) {
    Field field = field_of_turn(s->field, turn[i].role, i, last);
    int flags = STRING_TURN | (turn[i].role == TURN_USER ? STRING_USER : 0);
    if (turn[i].role == TURN_ASSISTANT && field != FIELD_ALTERNATIVE) flags |= STRING_ASSISTANT;
    r = add_turn(w, &turn[i], field, flags);
    if (r != 0) return r;
  }
  return 0;
}

/* ---- slots ---- */

/* Earlier turns as [user, reply] each: input, the replies being the assistant's. */
static int walk_pairs(Walk *w, const Slot *s, const Path *p, const JsonValue *list) {
  JsonValue pair, v;
  for (JsonIter it = json_iter(list); json_next(&it, NULL, &pair);) {
    int n = 0;
    if (pair.kind != JSON_ARRAY) return fault_at(w, ROW_FIELD_TYPE, &pair, p->text);
    for (JsonIter two = json_iter(&pair); json_next(&two, NULL, &v); n++, w->turn++) {
      if (n == 2 || v.kind != JSON_STRING) return fault_at(w, ROW_FIELD_TYPE, &v, p->text);
      int r = add_string(w, &v, (Field)s->field, STRING_TURN | (n == 1 ? STRING_ASSISTANT : STRING_USER), p->text);
      if (r != 0) return r;
    }
    if (n < 2) return fault_at(w, ROW_FIELD_TYPE, &pair, p->text);
  }
  return 0;
}

/* The value at a path, NULL if none; room is for one that the doc does not keep. */
static const JsonValue *value_at(const Walk *w, const Path *p, JsonValue *room, int *twice) {
  if (p->key < 0) {
    *room = json_path_once(&w->doc->root, span_of(p->text, p->len), twice);
    return room->kind == JSON_NONE ? NULL : room;
  }
  size_t m = w->found[p->key];
  *twice = (int)(w->twice >> p->key & 1);
  return m == 0 ? NULL : &w->doc->member[m - 1].value;
}

/* The first path of the slot that leads to a value other than null; else the first null; NULL if
** there is neither. */
static const Path *choose_path(const Walk *w, const Slot *s, JsonValue *v, int *twice) {
  const Path *null_path = NULL;
  JsonValue room, null_value = { 0 };
  for (size_t i = 0; i < s->npaths; i++) {
    const JsonValue *is = value_at(w, &s->path[i], &room, twice);
    if (is == NULL) continue;
    if (is->kind != JSON_NULL) {
      *v = *is;
      return &s->path[i];
    }
    if (null_path != NULL) continue;
    null_path = &s->path[i];
    null_value = *is;
  }
  *v = null_value;
  return null_path;
}

static int walk_slot(Walk *w, const Slot *s) {
  JsonValue v;
  int twice;
  const Path *p = choose_path(w, s, &v, &twice);
  if (p == NULL || (v.kind == JSON_NULL && s->optional))
    return s->optional ? 0 : fault(w, ROW_MISSING_FIELD, w->line.ptr, s->path[0].text);
  if (twice) return fault_at(w, ROW_DUPLICATE_KEY, &v, p->text);
  if (v.kind == JSON_STRING && s->shapes & SHAPE_TEXT) {
    int r = add_string(w, &v, (Field)s->field, s->field == FIELD_OUTPUT ? STRING_ASSISTANT : 0, p->text);
    w->turn++;
    return r;
  }
  if (v.kind == JSON_ARRAY && s->shapes & SHAPE_PAIRS) return walk_pairs(w, s, p, &v);
  if ((v.kind == JSON_ARRAY || v.kind == JSON_OBJECT) && s->shapes & SHAPE_TURNS) return walk_turns(w, s, &v);
  return fault_at(w, ROW_FIELD_TYPE, &v, p->text);
}

int format_walk(const Format *f, Span line, const JsonDoc *doc, FormatRow *out) {
  Walk w;
  w.f = f;
  w.line = line;
  w.doc = doc;
  w.out = out;
  w.turn = 0;
  out->nstrings = 0;
  out->state = ROW_OK;
  out->offset = 0;
  out->name = NULL;
  if (doc->root.kind != JSON_OBJECT) {
    fault(&w, ROW_NOT_AN_OBJECT, line.ptr, NULL);
    return 0;
  }
  match_members(&w);
  for (size_t i = 0; i < f->nslots; i++) {
    int r = walk_slot(&w, &f->slot[i]);
    if (r != 0) return r < 0 ? -1 : 0;
  }
  return 0;
}

void format_row_free(FormatRow *r) {
  free(r->string);
  free(r->turn);
  *r = (FormatRow){ 0 };
}

int format_describe(const Format *f, const JsonDoc *doc, Buf *out) {
  Walk w = { .f = f, .doc = doc };
  size_t left = 0, done = 0;
  match_members(&w);
  for (size_t i = 0; i < f->nslots; i++) left += !f->slot[i].optional;
  for (size_t i = 0; i < f->nslots; i++) {
    JsonValue v;
    int twice;
    const Slot *s = &f->slot[i];
    if (s->optional) continue;
    const Path *p = choose_path(&w, s, &v, &twice);
    const char *join = done == 0 ? "" : done + 1 == left ? " and " : ", ";
    if (buf_printf(out, "%s\"%s\"", join, p != NULL ? p->text : s->path[0].text) != 0) return -1;
    done++;
  }
  return 0;
}
