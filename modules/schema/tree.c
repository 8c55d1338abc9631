/* modules/schema/tree.c - see tree.h */
#include "schema/tree.h"

#include <stdlib.h>

#include "corpus/list.h"

static const char *skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) p++;
  return p;
}

/* Reads the key before the value at p, if there is one; returns the value's first byte. */
static const char *read_key(const char *p, const char *end, int object, JsonValue *key) {
  JsonIter it = { p, end, object };
  *key = (JsonValue){ .kind = JSON_NONE };
  if (object) json_next_key(&it, key);
  return object ? it.p : p;
}

static const char *read_scalar(const char *p, const char *end, JsonValue *v) {
  JsonIter it = { p, end, 0 };
  json_next_value(&it, v);
  return v->raw.ptr + v->raw.len + (v->kind == JSON_STRING);
}

static int add(Tree *t, const JsonValue *key) {
  TreeNode *n = LIST_PUSH(t->node, t->n, t->cap);
  if (n == NULL) return -1;
  *n = (TreeNode){ .key = *key, .next = (uint32_t)t->n };
  return 0;
}

int tree_build(Tree *t, Span text) {
  uint32_t open[JSON_MAX_DEPTH];
  size_t depth = 0;
  const char *end = text.ptr + text.len, *p = skip_space(text.ptr, end);
  JsonValue key = { .kind = JSON_NONE };
  t->n = 0;
  open[0] = 0;
  for (;;) {
    if (add(t, &key) != 0) return -1;
    TreeNode *n = &t->node[t->n - 1];
    int opens = p < end && (*p == '{' || *p == '[');
    if (opens && depth < JSON_MAX_DEPTH) {
      n->value = (JsonValue){ span_of(p, 0), *p == '{' ? JSON_OBJECT : JSON_ARRAY, 0 };
      open[depth++] = (uint32_t)t->n - 1;
      p = skip_space(p + 1, end);
    } else {
      p = read_scalar(p, end, &n->value);
      if (depth == 0) return 0;
      t->node[open[depth - 1]].count++;
      p = skip_space(p, end);
    }
    while (p >= end || *p == '}' || *p == ']') {   /* containers that end here */
      TreeNode *c = &t->node[open[--depth]];
      p = p < end ? p + 1 : end;
      c->value.raw.len = (size_t)(p - c->value.raw.ptr);
      c->next = (uint32_t)t->n;
      if (depth == 0) return 0;
      t->node[open[depth - 1]].count++;
      p = skip_space(p, end);
    }
    if (*p == ',') p = skip_space(p + 1, end);
    p = read_key(p, end, t->node[open[depth - 1]].value.kind == JSON_OBJECT, &key);
  }
}

void tree_free(Tree *t) {
  free(t->node);
  *t = (Tree){ 0 };
}

uint32_t tree_get(const Tree *t, uint32_t i, Span name) {
  uint32_t found = 0;
  if (t->node[i].value.kind != JSON_OBJECT) return 0;
  for (uint32_t c = tree_first(t, i); c != 0; c = tree_after(t, i, c))
    if (json_string_is(&t->node[c].key, name)) found = c;
  return found;
}

/* ---- where a node stands ---- */

static int write_token(const JsonValue *key, Buf *out) {
  if (buf_char(out, '/') != 0 || buf_reserve(out, 2 * key->raw.len + 1) != 0) return -1;
  size_t from = out->len, len = json_decode(key->raw, out->ptr + from), more = 0;
  for (size_t k = 0; k < len; k++) more += out->ptr[from + k] == '~' || out->ptr[from + k] == '/';
  for (size_t k = len, to = len + more; k-- > 0;) {
    char c = out->ptr[from + k];
    if (c == '~' || c == '/') {
      out->ptr[from + --to] = c == '~' ? '0' : '1';
      out->ptr[from + --to] = '~';
    } else out->ptr[from + --to] = c;
  }
  out->len = from + len + more;
  return 0;
}

static int is_plain(Span name) {
  for (size_t i = 0; i < name.len; i++)
    if (memchr(".[]\"\\", name.ptr[i], 5) != NULL) return 0;
  return name.len > 0;
}

static int write_step(const JsonValue *key, int first, Buf *out) {
  int plain = is_plain(key->raw);
  const char *before = !plain ? "[\"" : first ? "" : ".", *after = plain ? "" : "\"]";
  int bad = buf_str(out, before) != 0 || buf_add(out, key->raw.ptr, key->raw.len) != 0 || buf_str(out, after) != 0;
  return bad ? -1 : 0;
}

static int write_place(const Tree *t, uint32_t root, uint32_t i, Buf *out, int pointer) {
  size_t begin = out->len;
  for (uint32_t at = root; at < i;) {
    size_t place = 0;
    uint32_t c = tree_first(t, at);
    for (; c != 0 && t->node[c].next <= i; c = tree_after(t, at, c)) place++;
    if (c == 0) return 0;
    const JsonValue *key = &t->node[c].key;
    int bad = key->kind == JSON_NONE ? buf_printf(out, pointer ? "/%zu" : "[%zu]", place)
            : pointer ? write_token(key, out) : write_step(key, out->len == begin, out);
    if (bad != 0) return -1;
    at = c;
  }
  return 0;
}

int tree_pointer(const Tree *t, uint32_t root, uint32_t i, Buf *out) { return write_place(t, root, i, out, 1); }
int tree_path(const Tree *t, uint32_t root, uint32_t i, Buf *out) { return write_place(t, root, i, out, 0); }

/* ---- paths ---- */

/* The inside of brackets at *at; moves behind them. */
static int read_brackets(Span t, size_t *at, TreeStep *s) {
  size_t i = *at + 1, from = i;
  if (i < t.len && t.ptr[i] == '"') {
    const char *close = memchr(t.ptr + i + 1, '"', t.len - i - 1);
    if (close == NULL) return -1;
    *s = (TreeStep){ span_of(t.ptr + i + 1, (size_t)(close - t.ptr) - i - 1), 0, STEP_NAME };
    i = (size_t)(close - t.ptr) + 1;
  } else {
    *s = (TreeStep){ .kind = STEP_PLACE };
    for (; i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9' && i - from < 9; i++)
      s->place = s->place * 10 + (size_t)(t.ptr[i] - '0');
    if (i == from) s->kind = STEP_EACH;
  }
  if (i >= t.len || t.ptr[i] != ']') return -1;
  *at = i + 1;
  return 0;
}

int tree_parse_path(TreePath *p, Span t) {
  size_t at = 0;
  p->n = 0;
  while (at < t.len) {
    if (p->n == TREE_MAX_STEPS) return -1;
    TreeStep *s = &p->step[p->n++];
    if (t.ptr[at] == '[') {
      if (read_brackets(t, &at, s) != 0) return -1;
      continue;
    }
    if (p->n > 1 && t.ptr[at++] != '.') return -1;
    size_t from = at;
    while (at < t.len && t.ptr[at] != '.' && t.ptr[at] != '[') at++;
    if (at == from) return -1;
    *s = (TreeStep){ span_of(t.ptr + from, at - from), 0, STEP_NAME };
  }
  return p->n > 0 ? 0 : -1;
}

static int visit_from(const Tree *t, uint32_t i, const TreePath *p, size_t step, const TreeVisit *v) {
  uint32_t c = 0;
  size_t place = 0;
  if (step == p->n) return v->found(v->with, i);
  const TreeStep *s = &p->step[step];
  int array = t->node[i].value.kind == JSON_ARRAY, r = 0;
  if (s->kind == STEP_EACH && array) {
    for (c = tree_first(t, i); c != 0 && r == 0; c = tree_after(t, i, c)) r = visit_from(t, c, p, step + 1, v);
    return r;
  }
  if (s->kind == STEP_NAME) c = tree_get(t, i, s->name);
  else if (s->kind == STEP_PLACE && array)
    for (c = tree_first(t, i); c != 0 && place < s->place; place++) c = tree_after(t, i, c);
  if (c != 0) return visit_from(t, c, p, step + 1, v);
  return v->missing != NULL ? v->missing(v->with, i, step) : 0;
}

int tree_visit(const Tree *t, uint32_t root, const TreePath *p, const TreeVisit *visit) {
  return visit_from(t, root, p, 0, visit);
}
