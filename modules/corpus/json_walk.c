/* modules/corpus/json_walk.c - finding one's way in JSON that json_check judged valid: decoding
** strings, members and elements, paths. It checks no grammar, but never reads past its text,
** whatever stands there. */
#include "corpus/json.h"

#include <stdlib.h>

#include "core/utf8.h"
#include "corpus/json_scan.h"
#include "corpus/list.h"

/* ---- strings ---- */

/* The code point of the \u escape at p, of both halves where it is a pair; *used its bytes.
** -1: a lone surrogate, or no escape at all. */
static int escaped_point(const char *p, const char *end, size_t *used) {
  *used = (size_t)(end - p) < 6 ? (size_t)(end - p) : 6;
  int unit = *used < 6 ? -1 : json_hex4(p + 2);
  if ((unit & 0xF800) != 0xD800) return unit;
  if (unit >= 0xDC00 || end - p < 12 || p[6] != '\\' || p[7] != 'u') return -1;
  int low = json_hex4(p + 8);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  *used = 12;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

/* The text of the escape at p; returns the bytes written, *used the bytes read. */
static size_t decode_escape(const char *p, const char *end, char *out, size_t *used) {
  *used = end - p < 2 ? 1 : 2;
  switch (*used == 2 ? p[1] : '\\') {
    case 'b': *out = '\b'; return 1;
    case 'f': *out = '\f'; return 1;
    case 'n': *out = '\n'; return 1;
    case 'r': *out = '\r'; return 1;
    case 't': *out = '\t'; return 1;
    case 'u': {
      int cp = escaped_point(p, end, used);
      if (cp < 0 && *used < 3) return 0;   /* a cut escape: there is no room for U+FFFD */
      return utf8_put(out, cp < 0 ? 0xFFFDu : (unsigned)cp);
    }
    default: *out = p[*used - 1]; return 1;
  }
}

/* What one letter behind a backslash means; 0 for u and for what is no escape. */
static const char one_letter[256] = {
  ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

/* The escape at *p, to *out; both step behind it. */
static inline void decode_next(const char **p, const char *end, char **out) {
  const char *at = *p;
  if (end - at >= 2 && one_letter[(unsigned char)at[1]]) {
    *(*out)++ = one_letter[(unsigned char)at[1]];
    *p = at + 2;
  } else {
    size_t used;
    *out += decode_escape(at, end, *out, &used);
    *p = at + used;
  }
}

#ifdef __SSE2__
/* Bit i: byte i of the sixteen at p is a backslash; copies them to out. */
static inline unsigned copy16(const char *p, char *out) {
  __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
  _mm_storeu_si128((__m128i *)(void *)out, x);
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
}
#endif

/* out is never further on than p, so that where bytes can be read they can be written too. */
size_t json_decode(Span raw, char *out) {
  const char *p = raw.ptr, *end = p + raw.len;
  char *begin = out;
#ifdef __SSE2__
  while (end - p >= 32) {
    unsigned slash = copy16(p, out) | copy16(p + 16, out + 16) << 16;
    unsigned n = slash == 0 ? 32 : (unsigned)__builtin_ctz(slash);
    p += n;
    out += n;
    if (slash != 0) decode_next(&p, end, &out);
  }
#endif
  while (p < end)
    if (*p == '\\') decode_next(&p, end, &out);
    else *out++ = *p++;
  return (size_t)(out - begin);
}

size_t json_lone_surrogate(Span raw) {
  const char *p = raw.ptr, *end = p + raw.len;
  while (p < end && (p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
    size_t used = 2;
    if (end - p >= 2 && p[1] == 'u' && escaped_point(p, end, &used) < 0) return (size_t)(p - raw.ptr);
    p += used;
  }
  return raw.len;
}

int json_string_is(const JsonValue *v, Span text) {
  if (v->kind != JSON_STRING) return 0;
  if (!(v->flags & JSON_ESCAPED)) return span_eq(v->raw, text);
  if (v->raw.len < text.len || v->raw.len / 6 > text.len) return 0;
  const char *p = v->raw.ptr, *end = p + v->raw.len;
  size_t at = 0;
  while (p < end) {
    char out[4] = { *p };
    size_t used = 1, n = *p == '\\' ? decode_escape(p, end, out, &used) : 1;
    if (text.len - at < n || memcmp(text.ptr + at, out, n) != 0) return 0;
    at += n;
    p += used;
  }
  return at == text.len;
}

size_t json_utf8_fault(Span text) {
  const unsigned char *s = (const unsigned char *)text.ptr;
  for (size_t i = 0; i < text.len;) {
    unsigned char c = s[i];
    size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (n == 0 || text.len - i < n) return i;
    for (size_t k = 1; k < n; k++)
      if ((s[i + k] & 0xC0) != 0x80) return i;
    if ((c == 0xE0 && s[i + 1] < 0xA0) || (c == 0xED && s[i + 1] > 0x9F) ||
        (c == 0xF0 && s[i + 1] < 0x90) || (c == 0xF4 && s[i + 1] > 0x8F)) return i;
    i += n;
  }
  return text.len;
}

/* ---- values ---- */

static const char *skip_space(const char *p, const char *end) {
  while (p < end && json_is_space(*p)) p++;
  return p;
}

/* p is behind an opening quote. Fills *v; returns the place behind the closing quote. */
static const char *walk_string(const char *p, const char *end, JsonValue *v) {
  const char *begin = p, *limit = json_scan_limit(p, end, 0);
  unsigned flags = 0;
  uint64_t high = 0;
  for (;;) {
    p = json_plain_run(p, end, limit, &high);
    if (p >= end) break;
    if (*p == '"') break;
    if (*p != '\\') {
      p++;   /* not in valid JSON */
      continue;
    }
    flags |= JSON_ESCAPED;
    if (end - p > 3 && p[1] == 'u' && (p[2] | 0x20) == 'd' && p[3] > '7') flags |= JSON_SURROGATE;
    p += end - p < 2 ? 1 : 2;
  }
  if (p > end) p = end;
  if (high == 0) flags |= JSON_ASCII;
  *v = (JsonValue){ span_of(begin, (size_t)(p - begin)), JSON_STRING, (uint8_t)flags };
  return p < end ? p + 1 : end;
}

/* p is behind an opening quote; returns the place behind the closing one. */
static const char *skip_string(const char *p, const char *end) {
  JsonValue v;
  return walk_string(p, end, &v);
}

/* p is on an opening bracket; returns the place behind the one that closes it. */
static const char *skip_container(const char *p, const char *end) {
  size_t depth = 0;
  while (p < end) {
    char c = *p++;
    if (c == '"') p = skip_string(p, end);
    else if (c == '{' || c == '[') depth++;
    else if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return p;
}

static JsonKind kind_of(char first) {
  switch (first) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    case 'n': return JSON_NULL;
    default: return JSON_NUMBER;
  }
}

/* p is on the first byte of a value. Fills *v; returns the place behind it. */
static const char *walk_value(const char *p, const char *end, JsonValue *v) {
  *v = (JsonValue){ 0 };
  if (p >= end) return end;
  const char *begin = p;
  JsonKind kind = kind_of(*p);
  if (kind == JSON_STRING) return walk_string(p + 1, end, v);
  if (kind == JSON_OBJECT || kind == JSON_ARRAY) p = skip_container(p, end);
  else while (p < end && *p != ',' && *p != '}' && *p != ']' && !json_is_space(*p)) p++;
  *v = (JsonValue){ span_of(begin, (size_t)(p - begin)), (uint8_t)kind, 0 };
  return p;
}

JsonValue json_value(Span text) {
  JsonValue v;
  const char *end = text.ptr + text.len;
  walk_value(skip_space(text.ptr, end), end, &v);
  return v;
}

JsonIter json_iter(const JsonValue *container) {
  int object = container->kind == JSON_OBJECT;
  if ((!object && container->kind != JSON_ARRAY) || container->raw.len < 2) return (JsonIter){ 0 };
  const char *p = container->raw.ptr;
  return (JsonIter){ p + 1, p + container->raw.len - 1, object };
}

int json_next_key(JsonIter *it, JsonValue *key) {
  const char *p = skip_space(it->p, it->end), *end = it->end;
  JsonValue k;
  if (p >= end) return 0;
  if (it->object) {
    p = walk_string(p + 1, end, &k);
    p = skip_space(p, end);
    p = skip_space(p < end ? p + 1 : end, end);   /* the colon */
    if (key != NULL) *key = k;
  }
  it->p = p;
  return 1;
}

static void pass(JsonIter *it, const char *p) {
  p = skip_space(p, it->end);
  it->p = p < it->end ? p + 1 : it->end;          /* the comma */
}

void json_next_value(JsonIter *it, JsonValue *value) { pass(it, walk_value(it->p, it->end, value)); }

void json_pass_string(JsonIter *it, size_t raw_len) { pass(it, it->p + raw_len + 2); }

int json_next(JsonIter *it, JsonValue *key, JsonValue *value) {
  if (!json_next_key(it, key)) return 0;
  json_next_value(it, value);
  return 1;
}

JsonValue json_get(const JsonValue *object, Span key) {
  JsonValue found = { 0 }, k, v;
  if (object->kind != JSON_OBJECT) return found;
  for (JsonIter it = json_iter(object); json_next(&it, &k, &v);)
    if (json_string_is(&k, key)) found = v;
  return found;
}

JsonStrings json_strings(Span text) { return (JsonStrings){ text.ptr, text.ptr + text.len }; }

int json_next_string(JsonStrings *it, JsonValue *value) {
  const char *p = it->p, *end = it->end;
  while (p < end && (p = memchr(p, '"', (size_t)(end - p))) != NULL) {
    p = walk_string(p + 1, end, value);
    const char *after = skip_space(p, end);
    if (after >= end || *after != ':') {
      it->p = p;
      return 1;
    }
  }
  it->p = end;
  return 0;
}

/* ---- paths ---- */

/* One step of a path: a name, or a place in an array. */
typedef struct Step {
  JsonValue name;   /* JSON_STRING; JSON_NONE: a place */
  size_t place;
} Step;

/* Reads the step at *p, which is not the end. 0, or -1 if it is none. */
static int read_step(const char **at, const char *begin, const char *end, Step *s) {
  const char *p = *at;
  *s = (Step){ 0 };
  if (*p == '[') {
    p++;
    if (p < end && *p == '"') {
      p = walk_string(p + 1, end, &s->name);
    } else {
      const char *first = p;
      for (; p < end && *p >= '0' && *p <= '9' && p - first < 10; p++) s->place = s->place * 10 + (size_t)(*p - '0');
      if (p == first) return -1;
    }
    if (p >= end || *p != ']') return -1;
    *at = p + 1;
    return 0;
  }
  if (p > begin) {
    if (*p != '.') return -1;
    p++;
  }
  const char *first = p;
  while (p < end && *p != '.' && *p != '[') p++;
  if (p == first) return -1;
  s->name = (JsonValue){ span_of(first, (size_t)(p - first)), JSON_STRING, 0 };
  *at = p;
  return 0;
}

/* The value one step further; *same counts the members of that name. */
static JsonValue get_step(const JsonValue *from, const Step *s, int *same) {
  JsonValue v = { 0 }, k, found = { 0 };
  *same = 0;
  if (s->name.kind == JSON_NONE) {
    size_t i = 0;
    if (from->kind != JSON_ARRAY) return found;
    for (JsonIter it = json_iter(from); json_next(&it, NULL, &v); i++)
      if (i == s->place) return v;
    return found;
  }
  if (from->kind != JSON_OBJECT) return found;
  for (JsonIter it = json_iter(from); json_next(&it, &k, &v);) {
    /* a name that is itself escaped: two escaped names are compared as they are spelt */
    int is = !(s->name.flags & JSON_ESCAPED) ? json_string_is(&k, s->name.raw)
           : k.flags & JSON_ESCAPED ? span_eq(k.raw, s->name.raw) : json_string_is(&s->name, k.raw);
    if (!is) continue;
    found = v;
    ++*same;
  }
  return found;
}

JsonValue json_path_once(const JsonValue *root, Span path, int *twice) {
  const char *p = path.ptr, *end = p + path.len;
  JsonValue v = *root;
  Step s;
  int same;
  *twice = 0;
  while (p < end && v.kind != JSON_NONE) {
    if (read_step(&p, path.ptr, end, &s) != 0) {
      v.kind = JSON_NONE;
      break;
    }
    v = get_step(&v, &s, &same);
    *twice |= same > 1;
  }
  if (v.kind != JSON_NONE && path.len > 0) return v;
  s.name = (JsonValue){ path, JSON_STRING, 0 };
  v = get_step(root, &s, &same);
  *twice = same > 1;
  return v;
}

const char *json_kind_name(JsonKind k) {
  static const char *const names[] = {
    [JSON_NONE] = "mixed", [JSON_NULL] = "null", [JSON_TRUE] = "boolean", [JSON_FALSE] = "boolean",
    [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array", [JSON_OBJECT] = "object",
  };
  return names[k];
}

JsonValue json_path(const JsonValue *root, Span path) {
  int twice;
  return json_path_once(root, path, &twice);
}

static int is_plain_name(const JsonValue *key) {
  if (key->flags & JSON_ESCAPED || key->raw.len == 0) return 0;
  for (size_t i = 0; i < key->raw.len; i++)
    if (strchr(".[]\"", key->raw.ptr[i]) != NULL) return 0;
  return 1;
}

static int put_step(Buf *out, size_t mark, const JsonValue *key, size_t place) {
  if (key == NULL) return buf_printf(out, "[%zu]", place);
  if (!is_plain_name(key)) {
    int r = buf_str(out, "[\"");
    if (r == 0) r = buf_add(out, key->raw.ptr, key->raw.len);
    return r == 0 ? buf_str(out, "\"]") : r;
  }
  if (out->len > mark && buf_char(out, '.') != 0) return -1;
  return buf_add(out, key->raw.ptr, key->raw.len);
}

/* A container that is being gone over, and the member that the walk stands at. */
typedef struct JsonPathLevel {
  JsonIter it;
  JsonValue key, v;
  size_t place;   /* of v, from 0 */
  int object, begun;
} JsonPathLevel;

void json_paths_begin(JsonPaths *p, Span text) {
  p->text = text;
  p->depth = 0;
}

void json_paths_free(JsonPaths *p) {
  free(p->level);
  *p = (JsonPaths){ 0 };
}

static int contains(const JsonValue *v, const char *target) {
  return v->raw.ptr <= target && target < v->raw.ptr + v->raw.len + (v->kind == JSON_STRING);
}

static int push_level(JsonPaths *p, const JsonValue *container) {
  if (!LIST_ROOM(p->level, p->depth, p->cap)) return -1;
  p->level[p->depth++] = (JsonPathLevel){ .it = json_iter(container), .object = container->kind == JSON_OBJECT };
  return 0;
}

/* Moves on among a container's members to the one that holds the target. 0; -1: none does. */
static int move_on(JsonPathLevel *l, const char *target) {
  while (!l->begun || !contains(&l->v, target)) {
    l->place += l->begun != 0;
    l->begun = 1;
    if (!json_next(&l->it, &l->key, &l->v)) return -1;
  }
  return 0;
}

/* Back to the lowest container that holds the target and has not been gone past it. */
static void step_back(JsonPaths *p, const char *target) {
  while (p->depth > 1 && !contains(&p->level[p->depth - 2].v, target)) p->depth--;
  const JsonPathLevel *l = p->depth > 0 ? &p->level[p->depth - 1] : NULL;
  if (l != NULL && l->begun && target < l->v.raw.ptr) p->depth = 0;
}

static int put_path(const JsonPaths *p, Buf *out) {
  const size_t mark = out->len;
  for (size_t i = 0; i < p->depth; i++) {
    const JsonPathLevel *l = &p->level[i];
    if (put_step(out, mark, l->object ? &l->key : NULL, l->place) == 0) continue;
    out->len = mark;
    return -1;
  }
  return 0;
}

int json_paths_at(JsonPaths *p, size_t start, Buf *out) {
  const char *target = p->text.ptr + start;
  step_back(p, target);
  if (p->depth == 0) {
    JsonValue at = json_value(p->text);
    if (at.kind == JSON_NONE) return -1;
    if (at.raw.ptr == target) return 0;
    if (push_level(p, &at) != 0) return -1;
  }
  for (;;) {
    JsonPathLevel *l = &p->level[p->depth - 1];
    if (move_on(l, target) != 0) break;
    if (l->v.raw.ptr == target) return put_path(p, out);
    JsonValue inner = l->v;   /* l moves when there is a level more */
    if (push_level(p, &inner) != 0) break;
  }
  p->depth = 0;
  return -1;
}

int json_path_of(Span text, size_t start, Buf *out) {
  JsonPaths p = { 0 };
  json_paths_begin(&p, text);
  int r = json_paths_at(&p, start, out);
  json_paths_free(&p);
  return r;
}
