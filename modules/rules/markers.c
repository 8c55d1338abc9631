/* modules/rules/markers.c - see markers.h */
#include "rules/markers.h"

#include <stdlib.h>

#include "rules/rules.h"
#include "rules/rules_op.h"

static size_t line_end(Span t, size_t i) {
  const char *stop = i < t.len ? memchr(t.ptr + i, '\n', t.len - i) : NULL;
  return stop != NULL ? (size_t)(stop - t.ptr) : t.len;
}

static int is_blank_line(Span t, size_t i) {
  while (i < t.len && t.ptr[i] != '\n' && rules_blank(t.ptr[i])) i++;
  return i == t.len || t.ptr[i] == '\n';
}

/* The end of the paragraph that the line at i belongs to. */
static size_t paragraph_end(Span t, size_t i) {
  size_t end = line_end(t, i);
  while (end < t.len && !is_blank_line(t, end + 1)) end = line_end(t, end + 1);
  return end;
}

static size_t skip(Span t, size_t i, const char *signs, size_t n) {
  while (i < t.len && memchr(signs, t.ptr[i], n) != NULL) i++;
  return i;
}

/* Does the line that begins at `start` begin with one of the words, and is there text behind it? */
static int marks(Span t, size_t start, const Span *words, size_t n, Marker *out) {
  size_t at = skip(t, start, " \t>*#_`-", 8);
  for (size_t k = 0; k < n; k++) {
    Span rest = span_of(t.ptr + at, t.len - at);
    if (words[k].len == 0 || !rules_begins(rest, words[k])) continue;
    size_t behind = at + words[k].len, text = skip(t, behind, " \t*_`:\n\r", 8);
    if (text == t.len) return 0;
    size_t end = paragraph_end(t, text);
    *out = (Marker){ start, end, at, behind };
    return 1;
  }
  return 0;
}

int marker_next(Span t, size_t from, const Span *words, size_t n, Marker *out) {
  for (size_t i = from; i < t.len; i = line_end(t, i) + 1)
    if (marks(t, i, words, n, out)) return 1;
  return 0;
}

/* ---- the operator ---- */

typedef struct MarkersOp {
  RowOp op;
  Field field;
  MarkerAction action;
  char *reason, *bytes;   /* bytes: those of word */
  size_t n;
  Span word[];
} MarkersOp;

/* What is left of a text without its markers, blanks at the end off; its length. */
static size_t strip(const MarkersOp *m, Span text, char *out) {
  size_t len = 0, at = 0;
  Marker k;
  while (marker_next(text, at, m->word, m->n, &k)) {
    memcpy(out + len, text.ptr + at, k.start - at);
    len += k.start - at;
    at = k.end < text.len ? k.end + 1 : text.len;
  }
  memcpy(out + len, text.ptr + at, text.len - at);
  len += text.len - at;
  while (len > 0 && rules_blank(out[len - 1])) len--;
  return len;
}

static int act(const MarkersOp *m, Row *row, Out *out, const RowString *s, const Marker *first, size_t all) {
  if (m->action == MARKER_STRIP) {
    char *left = scratch_room(row->scratch, s->text.len + 1);
    if (left == NULL) return -1;
    size_t len = strip(m, s->text, left);
    if (len > 0) return out_edit(out, s, span_of(left, len));
  }
  RuleEvidence e = { m->field, s, (double)all, 0, first->mark, first->end, "ANSWER_MARKER", NULL };
  return rules_reject(row, out, m->reason, &e);
}

static int run(const RowOp *op, Row *row, Out *out) {
  const MarkersOp *m = (const MarkersOp *)op;
  size_t n = row_field_strings(row, m->field, NULL, 0), all = 0;
  RowString *s = scratch_room(row->scratch, (n + 1) * sizeof *s);
  if (s == NULL) return -1;
  row_field_strings(row, m->field, s, n);
  for (size_t i = 0; i < n; i++) {
    Marker k, first = { 0, 0, 0, 0 };
    size_t before = all;
    for (size_t at = 0; marker_next(s[i].text, at, m->word, m->n, &k); at = k.end + 1)
      if (all++ == before) first = k;
    if (all > before && act(m, row, out, &s[i], &first, all - before) != 0) return -1;
  }
  return out_metric(out, 0, (double)all);
}

static void destroy(RowOp *op) {
  MarkersOp *m = (MarkersOp *)op;
  free(m->reason);
  free(m->bytes);
  free(m);
}

RowOp *markers_op(Field field, const Span *words, size_t n, MarkerAction action, const char *reason,
                  const char *metric, Error *err) {
  size_t bytes = 1;
  for (size_t i = 0; i < n; i++) bytes += words[i].len;
  MarkersOp *m = calloc(1, sizeof *m + n * sizeof *m->word);
  if (m == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&m->op, run, destroy);
  m->field = field, m->action = action, m->n = n;
  m->reason = strdup(reason);
  char *at = m->bytes = malloc(bytes);
  if (m->reason == NULL || at == NULL || rowop_add_metric(&m->op, metric) < 0) {
    error_memory(err);
    rowop_unref(&m->op);
    return NULL;
  }
  for (size_t i = 0; i < n; at += words[i++].len) {
    memcpy(at, words[i].ptr, words[i].len);
    m->word[i] = span_of(at, words[i].len);
  }
  return &m->op;
}
