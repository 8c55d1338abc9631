/* modules/schema/schema.c - see schema.h. The keywords of one schema object are run in their order; the first that
** finds a fault ends it. What a fault says is written only outside of anyOf, not and their like. */
#include "schema/schema.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/json_out.h"
#include "schema/patterns.h"
#include "schema/words.h"

enum { MAX_DEPTH = 1500, SHOWN = 40, FREE = 16 };   /* FREE: members that one step looks through */

typedef struct Check {
  SchemaRun *r;
  const Tree *s;         /* the schema */
  const Tree *v;         /* the value */
  uint32_t sroot, vroot;
  uint64_t steps;        /* left */
  int depth, quiet;      /* quiet: inside a schema that may fail */
  SchemaResult stop;     /* why it ended early; SCHEMA_VALID: it did not */
} Check;

static int check(Check *c, uint32_t s, uint32_t v);

void schema_prepare(Tree *t, uint32_t root) {
  for (uint32_t i = root; i < t->node[root].next; i++)
    t->node[i].word = t->node[i].key.kind == JSON_STRING ? (uint8_t)schema_word(t->node[i].key.raw) : SCHEMA_NO_WORD;
}

/* ---- ending ---- */

static int stop(Check *c, SchemaResult why) {
  if (c->stop == SCHEMA_VALID) c->stop = why;
  return 0;
}

static int no_memory(Check *c) { return stop(c, SCHEMA_NO_MEMORY); }

/* The schema is wrong at node s. */
static int bad(Check *c, uint32_t s, const char *what) {
  if (c->stop != SCHEMA_VALID) return 0;
  c->r->pointer.len = c->r->expected.len = c->r->found.len = 0;
  c->r->keyword = schema_word_name(c->s->node[s].word);
  if (tree_pointer(c->s, c->sroot, s, &c->r->pointer) != 0 || buf_str(&c->r->expected, what) != 0) return no_memory(c);
  return stop(c, SCHEMA_BAD);
}

static int spend(Check *c, uint64_t n) {
  if (c->stop != SCHEMA_VALID) return 0;
  if (c->steps <= n) return stop(c, SCHEMA_COSTLY);
  c->steps -= n;
  return 1;
}

/* What stands at node v, in few words: its kind, and the beginning of it where it is no container. */
static int write_found(Check *c, uint32_t v) {
  const JsonValue *j = &c->v->node[v].value;
  Buf *b = &c->r->found;
  if (j->kind == JSON_OBJECT || j->kind == JSON_ARRAY)
    return buf_printf(b, "%s of %u", json_kind_name((JsonKind)j->kind), (unsigned)c->v->node[v].count);
  size_t len = j->raw.len;
  if (len > SHOWN) {   /* at a character's beginning, and not inside an escape */
    len = SHOWN;
    while (len > 0 && ((unsigned char)j->raw.ptr[len] & 0xC0) == 0x80) len--;
    for (size_t i = len > 12 ? len - 12 : 0; i < len; i++)
      if (j->raw.ptr[i] == '\\') len = i;
  }
  if (j->kind != JSON_STRING)
    return buf_printf(b, "%s ", json_kind_name((JsonKind)j->kind)) != 0 || buf_add(b, j->raw.ptr, len) != 0 ? -1 : 0;
  int bad_ = buf_str(b, "string \"") != 0 || buf_add(b, j->raw.ptr, len) != 0 ||
             buf_str(b, len < j->raw.len ? "\xE2\x80\xA6\"" : "\"") != 0;
  return bad_ ? -1 : 0;
}

/* The value at v does not fit keyword s; its own text says what was expected. */
static int fault(Check *c, uint32_t s, uint32_t v) {
  enum { LONGEST = 120 };
  SchemaRun *r = c->r;
  const JsonValue *want = &c->s->node[s].value;
  if (c->quiet > 0 || c->stop != SCHEMA_VALID) return 0;
  r->pointer.len = r->expected.len = r->found.len = 0;
  r->keyword = schema_word_name(c->s->node[s].word);
  int string = want->kind == JSON_STRING, cut = want->raw.len > LONGEST;
  size_t len = cut ? LONGEST : want->raw.len;
  while (cut && len > 0 && ((unsigned char)want->raw.ptr[len] & 0xC0) == 0x80) len--;
  if (tree_pointer(c->v, c->vroot, v, &r->pointer) != 0 || buf_printf(&r->expected, "%s ", r->keyword) != 0 ||
      (string && buf_char(&r->expected, '"') != 0) || buf_add(&r->expected, want->raw.ptr, len) != 0 ||
      (cut && buf_str(&r->expected, "\xE2\x80\xA6") != 0) || (string && buf_char(&r->expected, '"') != 0) ||
      write_found(c, v) != 0)
    return no_memory(c);
  return 0;
}

static int unchecked(Check *c, Span name) {
  enum { MOST = 300 };
  Buf *b = &c->r->unchecked;
  for (size_t at = 0; b->len > 0 && at + name.len <= b->len; at++) {
    int starts = at == 0 || b->ptr[at - 1] == ' ', ends = at + name.len == b->len || b->ptr[at + name.len] == ',';
    if (starts && ends && memcmp(b->ptr + at, name.ptr, name.len) == 0) return 1;
  }
  if (b->len + name.len > MOST) return 1;
  if ((b->len > 0 && buf_str(b, ", ") != 0) || buf_add(b, name.ptr, name.len) != 0) return no_memory(c);
  return 1;
}

/* ---- values ---- */

static const JsonValue *at(const Tree *t, uint32_t i) { return &t->node[i].value; }

static double number(const JsonValue *j) {
  char room[64];
  if (j->raw.len < sizeof room) {
    memcpy(room, j->raw.ptr, j->raw.len);
    room[j->raw.len] = '\0';
    return strtod(room, NULL);
  }
  char *copy = strndup(j->raw.ptr, j->raw.len);
  double v = copy != NULL ? strtod(copy, NULL) : NAN;
  free(copy);
  return v;
}

static int is_plain_integer(const JsonValue *j) {
  for (size_t i = 0; i < j->raw.len; i++)
    if (memchr(".eE", j->raw.ptr[i], 3) != NULL) return 0;
  return 1;
}

static int is_integer(const JsonValue *j) {
  if (j->kind != JSON_NUMBER) return 0;
  if (is_plain_integer(j)) return 1;
  double v = number(j);
  return isfinite(v) && v == floor(v);
}

/* The text of a string, decoded into b where it holds escapes. */
static Span text_of(Check *c, const JsonValue *j, Buf *b) {
  if (!(j->flags & JSON_ESCAPED)) return j->raw;
  b->len = 0;
  if (buf_reserve(b, j->raw.len + 1) != 0) {
    no_memory(c);
    return span_of("", 0);
  }
  b->len = json_decode(j->raw, b->ptr);
  return buf_span(b);
}

static int same_string(Check *c, const JsonValue *a, const JsonValue *b) {
  if (!spend(c, 1 + a->raw.len / 32)) return 0;
  if (!(b->flags & JSON_ESCAPED)) return json_string_is(a, b->raw);
  return json_string_is(a, text_of(c, b, &c->r->a));
}

static int same_number(const JsonValue *a, const JsonValue *b) {
  if (span_eq(a->raw, b->raw)) return 1;
  if (is_plain_integer(a) && is_plain_integer(b)) return number(a) == 0 && number(b) == 0;   /* 0 and -0 */
  return number(a) == number(b);
}

static int same(Check *c, const Tree *ta, uint32_t a, const Tree *tb, uint32_t b) {
  const JsonValue *x = at(ta, a), *y = at(tb, b);
  if (!spend(c, 1) || x->kind != y->kind) return 0;
  if (x->kind == JSON_STRING) return same_string(c, x, y);
  if (x->kind == JSON_NUMBER) return same_number(x, y);
  if (x->kind != JSON_ARRAY && x->kind != JSON_OBJECT) return 1;
  if (ta->node[a].count != tb->node[b].count || c->depth >= MAX_DEPTH) return 0;
  uint32_t i = tree_first(ta, a), k = tree_first(tb, b);
  c->depth++;
  int equal = 1;
  for (; i != 0 && equal; i = tree_after(ta, a, i)) {
    if (x->kind == JSON_OBJECT)
      for (k = tree_first(tb, b); k != 0 && !same_string(c, &tb->node[k].key, &ta->node[i].key);)
        k = tree_after(tb, b, k);
    equal = k != 0 && same(c, ta, i, tb, k);
    if (x->kind == JSON_ARRAY && k != 0) k = tree_after(tb, b, k);
  }
  c->depth--;
  return equal;
}

/* The member of an object of either tree by the key of a node; 0: none. */
static uint32_t member(Check *c, const Tree *t, uint32_t object, const JsonValue *key) {
  if (t->node[object].value.kind != JSON_OBJECT || c->stop != SCHEMA_VALID) return 0;
  for (uint32_t k = tree_first(t, object); k != 0; k = tree_after(t, object, k))
    if (same_string(c, &t->node[k].key, key)) return k;
  return 0;
}

static uint32_t neighbour(const Check *c, uint32_t s, int w) {
  for (uint32_t k = tree_first(c->s, s); k != 0; k = tree_after(c->s, s, k))
    if (c->s->node[k].word == w) return k;
  return 0;
}

static size_t points(Span t) {
  size_t n = 0;
  for (size_t i = 0; i < t.len; i++) n += ((unsigned char)t.ptr[i] & 0xC0) != 0x80;
  return n;
}

/* ---- keywords ---- */

/* Does a schema hold, whatever it says? */
static int quietly(Check *c, uint32_t s, uint32_t v) {
  c->quiet++;
  int ok = check(c, s, v);
  c->quiet--;
  return ok;
}

static int is_type(Check *c, uint32_t name, const JsonValue *v) {
  static const struct { const char *name; int kind; } TYPES[] = {
    { "string", JSON_STRING }, { "number", JSON_NUMBER }, { "object", JSON_OBJECT }, { "array", JSON_ARRAY },
    { "null", JSON_NULL } };
  const JsonValue *n = at(c->s, name);
  for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
    if (json_string_is(n, span_str(TYPES[i].name))) return v->kind == TYPES[i].kind;
  if (json_string_is(n, span_str("integer"))) return is_integer(v);
  if (json_string_is(n, span_str("boolean"))) return v->kind == JSON_TRUE || v->kind == JSON_FALSE;
  return bad(c, name, "a type that there is none of");
}

static int check_type(Check *c, uint32_t s, uint32_t v) {
  const JsonValue *j = at(c->v, v);
  if (at(c->s, s)->kind == JSON_STRING) return is_type(c, s, j) || fault(c, s, v);
  if (at(c->s, s)->kind != JSON_ARRAY) return bad(c, s, "expected a string or an array");
  for (uint32_t k = tree_first(c->s, s); k != 0; k = tree_after(c->s, s, k))
    if (is_type(c, k, j)) return 1;
  return fault(c, s, v);
}

static int check_enum(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind != JSON_ARRAY) return bad(c, s, "expected an array");
  for (uint32_t k = tree_first(c->s, s); k != 0; k = tree_after(c->s, s, k))
    if (same(c, c->s, k, c->v, v)) return 1;
  return fault(c, s, v);
}

/* minimum and its like: a number against another; draft 4 has true for exclusiveMinimum. */
static int check_bound(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  const JsonValue *j = at(c->v, v), *b = at(c->s, s);
  int w = c->s->node[s].word, exclusive = w == SCHEMA_EXCLUSIVE_MINIMUM || w == SCHEMA_EXCLUSIVE_MAXIMUM;
  if (exclusive && (b->kind == JSON_TRUE || b->kind == JSON_FALSE)) return 1;   /* read with minimum, below */
  if (b->kind != JSON_NUMBER) return bad(c, s, "expected a number");
  if (j->kind != JSON_NUMBER) return 1;
  double x = number(j), y = number(b);
  int least = w == SCHEMA_MINIMUM || w == SCHEMA_EXCLUSIVE_MINIMUM;
  uint32_t other = exclusive ? 0 : neighbour(c, object, least ? SCHEMA_EXCLUSIVE_MINIMUM : SCHEMA_EXCLUSIVE_MAXIMUM);
  if (other != 0 && at(c->s, other)->kind == JSON_TRUE) exclusive = 1;
  int ok = least ? (exclusive ? x > y : x >= y) : (exclusive ? x < y : x <= y);
  return ok || fault(c, s, v);
}

static int check_multiple(Check *c, uint32_t s, uint32_t v) {
  const JsonValue *j = at(c->v, v), *b = at(c->s, s);
  double m = b->kind == JSON_NUMBER ? number(b) : 0;
  if (!(m > 0)) return bad(c, s, "expected a number above 0");
  if (j->kind != JSON_NUMBER) return 1;
  double q = number(j) / m, near = fabs(q - nearbyint(q));
  int ok = isfinite(q) && (near == 0 || (!is_plain_integer(b) && near <= 1e-9 * fmax(1, fabs(q))));
  return ok || fault(c, s, v);
}

/* minLength, minItems, minProperties and their like. */
static int check_size(Check *c, uint32_t s, uint32_t v, JsonKind kind, int least) {
  const JsonValue *j = at(c->v, v), *b = at(c->s, s);
  if (!is_integer(b) || number(b) < 0) return bad(c, s, "expected a whole number from 0");
  if (j->kind != kind) return 1;
  double n = kind == JSON_STRING ? (double)points(text_of(c, j, &c->r->a)) : (double)c->v->node[v].count;
  return (least ? n >= number(b) : n <= number(b)) || fault(c, s, v);
}

/* Does the pattern, the string at node p or the key of it, match a text? */
static int matches(Check *c, uint32_t p, const JsonValue *pattern, Span text) {
  Error err;
  SchemaRun *r = c->r;
  if (!patterns_there()) return unchecked(c, span_str("pattern"));
  if (r->patterns == NULL && (r->patterns = patterns_new()) == NULL) return no_memory(c);
  if (!spend(c, 10 + text.len / 16 + pattern->raw.len / 16)) return 0;
  switch (patterns_search(r->patterns, text_of(c, pattern, &r->b), text, &err)) {
    case PATTERN_YES: return 1;
    case PATTERN_NO: return 0;
    case PATTERN_BAD: return bad(c, p, err.text);
    case PATTERN_NO_MEMORY: return no_memory(c);
    default: return stop(c, SCHEMA_COSTLY);
  }
}

static int check_pattern(Check *c, uint32_t s, uint32_t v) {
  const JsonValue *j = at(c->v, v);
  if (at(c->s, s)->kind != JSON_STRING) return bad(c, s, "expected a string");
  if (j->kind != JSON_STRING) return 1;
  return matches(c, s, at(c->s, s), text_of(c, j, &c->r->a)) || fault(c, s, v);
}

/* ---- objects ---- */

static int check_required(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind == JSON_TRUE || at(c->s, s)->kind == JSON_FALSE) return 1;   /* draft 3, of a property */
  if (at(c->s, s)->kind != JSON_ARRAY && c->s->node[s].count > 0) return bad(c, s, "expected an array");
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t k = tree_first(c->s, s); k != 0; k = tree_after(c->s, s, k)) {
    if (at(c->s, k)->kind != JSON_STRING) return bad(c, k, "expected a string");
    if (member(c, c->v, v, at(c->s, k)) != 0) continue;
    fault(c, s, v);
    if (c->quiet > 0 || c->stop != SCHEMA_VALID) return 0;
    SchemaRun *r = c->r;
    r->expected.len = 0;
    if (buf_str(&r->expected, "the member \"") != 0 ||
        buf_add(&r->expected, at(c->s, k)->raw.ptr, at(c->s, k)->raw.len) != 0 || buf_char(&r->expected, '"') != 0)
      return no_memory(c);
    return 0;
  }
  return 1;
}

static int check_properties(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind != JSON_OBJECT && c->s->node[s].count > 0) return bad(c, s, "expected an object");
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t k = tree_first(c->v, v); k != 0; k = tree_after(c->v, v, k)) {
    uint32_t p = member(c, c->s, s, &c->v->node[k].key);
    if (p != 0 && !check(c, p, k)) return 0;
  }
  return 1;
}

static int check_pattern_properties(Check *c, uint32_t s, uint32_t v) {
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t p = tree_first(c->s, s); p != 0; p = tree_after(c->s, s, p))
    for (uint32_t k = tree_first(c->v, v); k != 0 && c->stop == SCHEMA_VALID; k = tree_after(c->v, v, k))
      if (matches(c, p, &c->s->node[p].key, text_of(c, &c->v->node[k].key, &c->r->a)) && !check(c, p, k)) return 0;
  return 1;
}

static int is_named(Check *c, uint32_t object, const JsonValue *key) {
  uint32_t properties = neighbour(c, object, SCHEMA_PROPERTIES);
  uint32_t patterns = neighbour(c, object, SCHEMA_PATTERN_PROPERTIES);
  if (properties != 0 && member(c, c->s, properties, key) != 0) return 1;
  if (patterns != 0)
    for (uint32_t p = tree_first(c->s, patterns); p != 0 && c->stop == SCHEMA_VALID; p = tree_after(c->s, patterns, p))
      if (matches(c, p, &c->s->node[p].key, text_of(c, key, &c->r->a))) return 1;
  return 0;
}

static int check_additional(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t k = tree_first(c->v, v); k != 0; k = tree_after(c->v, v, k)) {
    if (!spend(c, 1 + c->s->node[object].count / FREE)) return 0;
    if (is_named(c, object, &c->v->node[k].key)) continue;
    if (!(at(c->s, s)->kind == JSON_FALSE ? fault(c, s, k) : check(c, s, k))) return 0;
  }
  return c->stop == SCHEMA_VALID;
}

static int check_names(Check *c, uint32_t s, uint32_t v) {
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t k = tree_first(c->v, v); k != 0; k = tree_after(c->v, v, k)) {
    /* a name is a value of its own: a tree of one node */
    TreeNode name = { .value = c->v->node[k].key, .next = 1 };
    Tree one = { &name, 1, 1 };
    Check inner = *c;
    inner.v = &one, inner.vroot = 0, inner.quiet++;
    int ok = check(&inner, s, 0);
    c->steps = inner.steps, c->stop = inner.stop;
    if (!ok) return fault(c, s, k);
  }
  return 1;
}

/* What a member's presence asks for: a list of names, or a schema. */
static int check_dependent(Check *c, uint32_t s, uint32_t v) {
  if (at(c->v, v)->kind != JSON_OBJECT) return 1;
  for (uint32_t d = tree_first(c->s, s); d != 0; d = tree_after(c->s, s, d)) {
    if (member(c, c->v, v, &c->s->node[d].key) == 0) continue;
    if (!(at(c->s, d)->kind == JSON_ARRAY ? check_required(c, d, v) : check(c, d, v))) return 0;
  }
  return c->stop == SCHEMA_VALID;
}

/* ---- arrays ---- */

/* The elements from the `from`th on, each by the schema s. */
static int check_each(Check *c, uint32_t s, uint32_t v, size_t from) {
  size_t place = 0;
  for (uint32_t k = tree_first(c->v, v); k != 0; k = tree_after(c->v, v, k))
    if (place++ >= from && !(at(c->s, s)->kind == JSON_FALSE ? fault(c, s, k) : check(c, s, k))) return 0;
  return c->stop == SCHEMA_VALID;
}

/* One schema a place. */
static int check_places(Check *c, uint32_t s, uint32_t v) {
  uint32_t p = tree_first(c->s, s), k = tree_first(c->v, v);
  for (; p != 0 && k != 0; p = tree_after(c->s, s, p), k = tree_after(c->v, v, k))
    if (!check(c, p, k)) return 0;
  return 1;
}

static int check_items(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  int w = c->s->node[s].word;
  if (at(c->v, v)->kind != JSON_ARRAY) return 1;
  if (w == SCHEMA_PREFIX_ITEMS) {
    if (at(c->s, s)->kind != JSON_ARRAY) return bad(c, s, "expected an array");
    return check_places(c, s, v);
  }
  uint32_t before = neighbour(c, object, w == SCHEMA_ITEMS ? SCHEMA_PREFIX_ITEMS : SCHEMA_ITEMS);
  if (w == SCHEMA_ITEMS && at(c->s, s)->kind == JSON_ARRAY && c->s->node[s].count > 0) return check_places(c, s, v);
  if (w == SCHEMA_ADDITIONAL_ITEMS && (before == 0 || at(c->s, before)->kind != JSON_ARRAY)) return 1;
  return check_each(c, s, v, before != 0 && at(c->s, before)->kind == JSON_ARRAY ? c->s->node[before].count : 0);
}

static int check_contains(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  double n = 0, least = 1, most = HUGE_VAL;
  uint32_t lo = neighbour(c, object, SCHEMA_MIN_CONTAINS), hi = neighbour(c, object, SCHEMA_MAX_CONTAINS);
  if (at(c->v, v)->kind != JSON_ARRAY) return 1;
  for (uint32_t k = tree_first(c->v, v); k != 0; k = tree_after(c->v, v, k)) n += quietly(c, s, k);
  if (lo != 0 && at(c->s, lo)->kind == JSON_NUMBER) least = number(at(c->s, lo));
  if (hi != 0 && at(c->s, hi)->kind == JSON_NUMBER) most = number(at(c->s, hi));
  if (n < least) return fault(c, lo != 0 ? lo : s, v);
  return n <= most || fault(c, hi, v);
}

static int check_unique(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind != JSON_TRUE || at(c->v, v)->kind != JSON_ARRAY) return 1;
  for (uint32_t a = tree_first(c->v, v); a != 0; a = tree_after(c->v, v, a))
    for (uint32_t b = tree_after(c->v, v, a); b != 0 && c->stop == SCHEMA_VALID; b = tree_after(c->v, v, b))
      if (same(c, c->v, a, c->v, b)) return fault(c, s, b);
  return c->stop == SCHEMA_VALID;
}

/* ---- schemas in schemas ---- */

static int check_all(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind != JSON_ARRAY) return bad(c, s, "expected an array");
  for (uint32_t k = tree_first(c->s, s); k != 0; k = tree_after(c->s, s, k))
    if (!check(c, k, v)) return 0;
  return 1;
}

static int check_some(Check *c, uint32_t s, uint32_t v, int one) {
  size_t fit = 0;
  if (at(c->s, s)->kind != JSON_ARRAY) return bad(c, s, "expected an array");
  for (uint32_t k = tree_first(c->s, s); k != 0 && (one || fit == 0); k = tree_after(c->s, s, k))
    fit += (size_t)quietly(c, k, v);
  if (one ? fit == 1 : fit > 0) return c->stop == SCHEMA_VALID;
  fault(c, s, v);
  if (c->quiet > 0 || c->stop != SCHEMA_VALID) return 0;
  c->r->expected.len = 0;
  unsigned all = c->s->node[s].count;
  int r = one && fit > 1 ? buf_printf(&c->r->expected, "one of %u schemas to fit, %zu do", all, fit)
                         : buf_printf(&c->r->expected, "%s of %u schemas to fit", one ? "one" : "any", all);
  return r != 0 ? no_memory(c) : 0;
}

static int check_if(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  uint32_t branch = neighbour(c, object, quietly(c, s, v) ? SCHEMA_THEN : SCHEMA_ELSE);
  if (c->stop != SCHEMA_VALID) return 0;
  return branch == 0 || check(c, branch, v);
}

/* One token of a pointer, ~ and % escapes taken off, as a string value. */
static int find_token(Check *c, uint32_t *node, Span token) {
  Buf *b = &c->r->a;
  b->len = 0;
  if (buf_reserve(b, token.len + 1) != 0) return no_memory(c);
  for (size_t i = 0; i < token.len; i++) {
    char ch = token.ptr[i];
    if (ch == '%' && i + 2 < token.len) {
      char digits[3] = { token.ptr[i + 1], token.ptr[i + 2], '\0' }, *end;
      long hex = strtol(digits, &end, 16);
      if (*end == '\0' && hex >= 0) ch = (char)hex, i += 2;
    }
    if (ch == '~' && i + 1 < token.len) ch = token.ptr[++i] == '1' ? '/' : '~';
    b->ptr[b->len++] = ch;
  }
  if (!spend(c, 1 + c->s->node[*node].count)) return 0;
  if (at(c->s, *node)->kind == JSON_ARRAY) {
    size_t place = (size_t)atoi((b->ptr[b->len] = '\0', b->ptr));
    uint32_t k = tree_first(c->s, *node);
    while (k != 0 && place-- > 0) k = tree_after(c->s, *node, k);
    *node = k;
  } else *node = tree_get(c->s, *node, buf_span(b));
  return *node != 0;
}

/* Whether a reference stays in the schema: behind its #, or ptr NULL. */
static Span local_part(Check *c, const JsonValue *ref) {
  Span t = text_of(c, ref, &c->r->b);
  uint32_t id = tree_get(c->s, c->sroot, span_str("$id"));
  if (id != 0 && at(c->s, id)->kind == JSON_STRING) {
    Span own = at(c->s, id)->raw;
    if (own.len > 0 && own.ptr[own.len - 1] == '#') own.len--;
    int is_own = own.len > 0 && t.len >= own.len && memcmp(t.ptr, own.ptr, own.len) == 0;
    if (is_own && (t.len == own.len || t.ptr[own.len] == '#'))
      t = span_of(t.ptr + own.len, t.len - own.len);
    if (t.len == 0) return span_of("", 0);
  }
  if (t.len == 0 || t.ptr[0] != '#' || (t.len > 1 && t.ptr[1] != '/')) return span_of(NULL, 0);
  return span_of(t.ptr + 1, t.len - 1);
}

static int check_ref(Check *c, uint32_t s, uint32_t v) {
  if (at(c->s, s)->kind != JSON_STRING) return bad(c, s, "expected a string");
  if (!spend(c, c->s->node[c->sroot].count / FREE)) return 0;
  Span path = local_part(c, at(c->s, s));
  if (path.ptr == NULL) return unchecked(c, span_str("$ref to another document"));
  uint32_t node = c->sroot;
  while (path.len > 0) {
    const char *from = path.ptr + 1, *slash = memchr(from, '/', path.len - 1);
    size_t len = slash != NULL ? (size_t)(slash - from) : path.len - 1;
    path = span_of(from + len, path.len - 1 - len);
    if (!find_token(c, &node, span_of(from, len)))
      return c->stop != SCHEMA_VALID ? 0 : bad(c, s, "a reference to nowhere");
  }
  return check(c, node, v);
}

/* ---- a schema ---- */

/* `object` is the schema that keyword s stands in. */
static int check_word(Check *c, uint32_t s, uint32_t v, uint32_t object) {
  switch (c->s->node[s].word) {
    case SCHEMA_REF: return check_ref(c, s, v);
    case SCHEMA_TYPE: return check_type(c, s, v);
    case SCHEMA_ENUM: return check_enum(c, s, v);
    case SCHEMA_CONST: return same(c, c->s, s, c->v, v) || fault(c, s, v);
    case SCHEMA_MINIMUM: case SCHEMA_MAXIMUM:
    case SCHEMA_EXCLUSIVE_MINIMUM: case SCHEMA_EXCLUSIVE_MAXIMUM: return check_bound(c, s, v, object);
    case SCHEMA_MULTIPLE_OF: return check_multiple(c, s, v);
    case SCHEMA_MIN_LENGTH: return check_size(c, s, v, JSON_STRING, 1);
    case SCHEMA_MAX_LENGTH: return check_size(c, s, v, JSON_STRING, 0);
    case SCHEMA_MIN_ITEMS: return check_size(c, s, v, JSON_ARRAY, 1);
    case SCHEMA_MAX_ITEMS: return check_size(c, s, v, JSON_ARRAY, 0);
    case SCHEMA_MIN_PROPERTIES: return check_size(c, s, v, JSON_OBJECT, 1);
    case SCHEMA_MAX_PROPERTIES: return check_size(c, s, v, JSON_OBJECT, 0);
    case SCHEMA_PATTERN: return check_pattern(c, s, v);
    case SCHEMA_REQUIRED: return check_required(c, s, v);
    case SCHEMA_PROPERTIES: return check_properties(c, s, v);
    case SCHEMA_PATTERN_PROPERTIES: return check_pattern_properties(c, s, v);
    case SCHEMA_ADDITIONAL_PROPERTIES: return check_additional(c, s, v, object);
    case SCHEMA_PROPERTY_NAMES: return check_names(c, s, v);
    case SCHEMA_DEPENDENT_REQUIRED: case SCHEMA_DEPENDENT_SCHEMAS: case SCHEMA_DEPENDENCIES:
      return check_dependent(c, s, v);
    case SCHEMA_ITEMS: case SCHEMA_PREFIX_ITEMS: case SCHEMA_ADDITIONAL_ITEMS: return check_items(c, s, v, object);
    case SCHEMA_CONTAINS: return check_contains(c, s, v, object);
    case SCHEMA_UNIQUE_ITEMS: return check_unique(c, s, v);
    case SCHEMA_ALL_OF: return check_all(c, s, v);
    case SCHEMA_ANY_OF: return check_some(c, s, v, 0);
    case SCHEMA_ONE_OF: return check_some(c, s, v, 1);
    case SCHEMA_NOT: return !quietly(c, s, v) || fault(c, s, v);
    case SCHEMA_IF: return check_if(c, s, v, object);
    case SCHEMA_UNKNOWN: return unchecked(c, c->s->node[s].key.raw);
    default: return 1;
  }
}

/* What keyword k of schema s takes with the value v, by how much is read: a keyword looks through its own list and for
** its neighbours, and at a scalar whole. */
static uint64_t cost_of(const Check *c, uint32_t k, uint32_t s, uint32_t v) {
  const TreeNode *value = &c->v->node[v], *word = &c->s->node[k];
  size_t read = value->count == 0 ? value->value.raw.len : 0;
  if (word->count == 0) read += word->value.raw.len;
  return 1 + (word->count + c->s->node[s].count) / FREE + read / 64;
}

static int check(Check *c, uint32_t s, uint32_t v) {
  const JsonValue *j = at(c->s, s);
  if (!spend(c, 1)) return 0;
  if (j->kind == JSON_TRUE) return 1;
  if (j->kind == JSON_FALSE) return fault(c, s, v);
  if (j->kind == JSON_ARRAY && c->s->node[s].count == 0) return 1;   /* what Lua's {} became */
  if (j->kind != JSON_OBJECT) return bad(c, s, "a schema is an object, true or false");
  if (c->depth >= MAX_DEPTH) return stop(c, SCHEMA_COSTLY);
  c->depth++;
  int ok = 1;
  for (uint32_t k = tree_first(c->s, s); k != 0 && ok; k = tree_after(c->s, s, k))
    ok = spend(c, cost_of(c, k, s, v)) && check_word(c, k, v, s) && c->stop == SCHEMA_VALID;
  c->depth--;
  return ok;
}

SchemaResult schema_validate(SchemaRun *r, Schema schema, const Tree *value, uint32_t root) {
  Check c = { .r = r, .s = schema.tree, .v = value, .sroot = schema.root, .vroot = root, .steps = r->max_steps };
  r->pointer.len = r->expected.len = r->found.len = 0;
  r->keyword = "";
  int ok = check(&c, schema.root, root);
  r->left = c.steps;
  if (c.stop != SCHEMA_VALID) return c.stop;
  return ok ? SCHEMA_VALID : SCHEMA_INVALID;
}

void schema_run_free(SchemaRun *r) {
  patterns_free(r->patterns);
  buf_free(&r->pointer);
  buf_free(&r->expected);
  buf_free(&r->found);
  buf_free(&r->unchecked);
  buf_free(&r->a);
  buf_free(&r->b);
  *r = (SchemaRun){ 0 };
}
