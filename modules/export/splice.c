/* modules/export/splice.c - see splice.h */
#include "export/splice.h"

#include "core/json_out.h"

int splice_range(Buf *out, Span base, size_t from, size_t to, const Splice *s, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (s[i].at < from || s[i].at >= to) continue;
    if (buf_add(out, base.ptr + from, s[i].at - from) != 0) return -1;
    int r = s[i].encode ? json_out_string(out, s[i].text) : buf_add(out, s[i].text.ptr, s[i].text.len);
    if (r != 0) return -1;
    from = s[i].at + s[i].cut;
  }
  return buf_add(out, base.ptr + from, to - from);
}

/* Where a member begins (its key's quote) and ends in base. */
static size_t key_at(Span base, const JsonMember *m) { return (size_t)(m->key.raw.ptr - base.ptr) - 1; }
static size_t value_at(Span base, const JsonMember *m) {
  return (size_t)(m->value.raw.ptr - base.ptr) - (m->value.kind == JSON_STRING);
}
static size_t member_end(Span base, const JsonMember *m) {
  return value_at(base, m) + m->value.raw.len + (m->value.kind == JSON_STRING ? 2 : 0);
}

/* White space between the comma (or bracket) before a member and its key. */
static Span lead(Span base, size_t from, size_t to) {
  const char *comma = memchr(base.ptr + from, ',', to - from);
  size_t at = comma == NULL ? from : (size_t)(comma - base.ptr) + 1;
  return span_of(base.ptr + at, to - at);
}

static int add_member(Buf *out, Span key, Span value, int *count) {
  if ((*count)++ > 0 && buf_char(out, ',') != 0) return -1;
  if (json_out_string(out, key) != 0 || buf_char(out, ':') != 0) return -1;
  return value.ptr == NULL ? buf_str(out, "null") : buf_add(out, value.ptr, value.len);
}

static const Member *find_put(const Rewrite *w, const JsonValue *key) {
  for (size_t i = 0; i < w->nput; i++)
    if (json_string_is(key, w->put[i].key)) return &w->put[i];
  return NULL;
}

/* The object at `into`, with members replaced in it and put behind. */
static int put_into(Buf *out, const Rewrite *w, const JsonValue *object) {
  size_t from = (size_t)(object->raw.ptr - w->base.ptr) + 1;
  int count = 0;
  uint64_t there = 0;      /* bit i: put[i] stands in the object; they are few */
  JsonMember m;
  if (buf_char(out, '{') != 0) return -1;
  for (JsonIter it = json_iter(object); json_next(&it, &m.key, &m.value);) {
    size_t at = key_at(w->base, &m), end = member_end(w->base, &m);
    Span space = lead(w->base, from, at);
    from = end;
    const Member *put = find_put(w, &m.key);
    if (put != NULL) there |= 1ull << ((put - w->put) & 63);
    if (count++ > 0 && buf_char(out, ',') != 0) return -1;
    if (buf_add(out, space.ptr, space.len) != 0) return -1;
    if (put != NULL && put->value.ptr != NULL) {
      if (buf_add(out, w->base.ptr + at, value_at(w->base, &m) - at) != 0) return -1;
      if (buf_add(out, put->value.ptr, put->value.len) != 0) return -1;
    } else if (splice_range(out, w->base, at, end, w->splice, w->nsplices) != 0) {
      return -1;
    }
  }
  for (size_t i = 0; i < w->nput; i++)
    if ((there >> (i & 63) & 1) == 0 && add_member(out, w->put[i].key, w->put[i].value, &count) != 0) return -1;
  size_t end = (size_t)(object->raw.ptr - w->base.ptr) + object->raw.len;
  return buf_add(out, w->base.ptr + from, end - from);
}

/* The last member of that name, which is the one that counts; its number, or SIZE_MAX. */
static size_t find_into(const Rewrite *w, const JsonValue *root) {
  size_t found = SIZE_MAX, i = 0;
  JsonMember m;
  if (w->into.len == 0) return found;
  for (JsonIter it = json_iter(root); json_next(&it, &m.key, &m.value); i++)
    if (json_string_is(&m.key, w->into) && (w->keep == NULL || w->keep(w->ctx, &m))) found = i;
  return found;
}

/* {…} of all that is put in. */
static int put_alone(Buf *out, const Rewrite *w) {
  int count = 0;
  if (buf_char(out, '{') != 0) return -1;
  for (size_t i = 0; i < w->nput; i++)
    if (add_member(out, w->put[i].key, w->put[i].value, &count) != 0) return -1;
  return buf_char(out, '}');
}

static int write_kept(Buf *out, const Rewrite *w, const JsonMember *m, int here) {
  size_t at = key_at(w->base, m), end = member_end(w->base, m);
  if (!here) return splice_range(out, w->base, at, end, w->splice, w->nsplices);
  if (m->value.kind != JSON_OBJECT && m->value.kind != JSON_NULL) return 1;
  if (buf_add(out, w->base.ptr + at, value_at(w->base, m) - at) != 0) return -1;
  return m->value.kind == JSON_NULL ? put_alone(out, w) : put_into(out, w, &m->value);
}

/* "into": {…} where the row has none. */
static int add_into(Buf *out, const Rewrite *w, int *count) {
  if ((*count)++ > 0 && buf_char(out, ',') != 0) return -1;
  if (json_out_string(out, w->into) != 0 || buf_char(out, ':') != 0) return -1;
  return put_alone(out, w);
}

int splice_rewrite(Buf *out, const Rewrite *w) {
  JsonValue root = json_value(w->base);
  size_t from = (size_t)(root.raw.ptr - w->base.ptr) + 1, into = find_into(w, &root), i = 0;
  int count = 0;
  JsonMember m;
  if (buf_add(out, w->base.ptr, from) != 0) return -1;
  if (w->head.len > 0) {
    count = 1;
    if (buf_add(out, w->head.ptr, w->head.len) != 0) return -1;
  }
  for (JsonIter it = json_iter(&root); json_next(&it, &m.key, &m.value); i++) {
    Span space = lead(w->base, from, key_at(w->base, &m));
    from = member_end(w->base, &m);
    if (w->keep != NULL && !w->keep(w->ctx, &m)) continue;
    if (count++ > 0 && buf_char(out, ',') != 0) return -1;
    if (buf_add(out, space.ptr, space.len) != 0) return -1;
    int r = write_kept(out, w, &m, i == into);
    if (r != 0) return r;
  }
  for (size_t k = 0; k < w->nadd; k++)
    if (add_member(out, w->add[k].key, w->add[k].value, &count) != 0) return -1;
  if (w->into.len > 0 && into == SIZE_MAX && add_into(out, w, &count) != 0) return -1;
  return buf_add(out, w->base.ptr + from, w->base.len - from);
}
