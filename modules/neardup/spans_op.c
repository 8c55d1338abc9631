/* modules/neardup/spans_op.c - see spans_op.h */
#include "neardup/spans_op.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "text/chars.h"
#include "text/tokens.h"

enum { EVIDENCE_MOST = 16 };   /* spans that a row's evidence names */

typedef struct SpansOp {
  RowOp op;
  Corpus *corpus;
  unsigned fields;
  SpansAction action;
  double max_share;
  Spans found;
  uint32_t *rows;       /* [n] of texts */
  uint32_t *text;       /* [nrows] TEXT_NONE: the row stood no more */
} SpansOp;

/* The strings of a row, with the number of each one's first token. */
typedef struct Strings { RowString *string; uint32_t *first; size_t n; } Strings;

static int strings_of(Strings *s, const Row *row, unsigned fields) {
  s->n = row_strings_of(row, fields, &s->string);
  s->first = scratch_room(row->scratch, (s->n + 1) * sizeof *s->first);
  if (s->string == NULL || s->first == NULL) return -1;
  uint32_t tokens = 0;
  for (size_t i = 0; i < s->n; i++) {
    s->first[i] = tokens;
    tokens += (uint32_t)tokens_count(s->string[i].text);
  }
  s->first[s->n] = tokens;
  return 0;
}

/* The string in which tokens [from, to) stand, and where; -1 if there is none. */
static int place_of(const Strings *s, uint32_t from, uint32_t to, size_t *string, WordsPlace *out) {
  size_t i = 0;
  while (i < s->n && s->first[i + 1] <= from) i++;
  if (i == s->n || to > s->first[i + 1]) return -1;
  *string = i;
  return words_place(s->string[i].text, from - s->first[i], to - 1 - s->first[i], out);
}

Span spans_text(const Row *row, unsigned fields, uint32_t from, uint32_t to) {
  Strings s;
  size_t i;
  WordsPlace at;
  if (strings_of(&s, row, fields) != 0 || place_of(&s, from, to, &i, &at) != 0) return (Span){ 0 };
  return span_of(s.string[i].text.ptr + at.begin, at.end - at.begin);
}

/* ---- evidence ---- */

static int add_span(Buf *b, const SpansOp *op, const Row *row, const Strings *s, const RepeatedSpan *r) {
  size_t i;
  WordsPlace at;
  if (place_of(s, r->from, r->to, &i, &at) != 0) return 0;
  Span text = s->string[i].text;
  const RowRec *twin = &op->corpus->rows[op->rows[r->twin]];
  size_t start = chars_count(text.ptr, at.begin);
  Buf path = { 0 };
  int bad = row_string_path(row, s->string[i].start, &path) != 0 ||
            buf_str(b, b->ptr[b->len - 1] == '[' ? "{\"field\":" : ",{\"field\":") != 0 ||
            json_out_string(b, span_str(field_name((Field)s->string[i].field))) != 0 ||
            buf_str(b, ",\"path\":") != 0 || json_out_string(b, buf_span(&path)) != 0 ||
            buf_printf(b, ",\"start\":%zu,\"end\":%zu,\"twin\":{\"source\":", start,
                       start + chars_count(text.ptr + at.begin, at.end - at.begin)) != 0 ||
            json_out_string(b, span_str(op->corpus->sources[twin->source].path)) != 0 ||
            buf_printf(b, ",\"line\":%u}}", twin->line) != 0;
  buf_free(&path);
  return bad ? -1 : 0;
}

static int reject(const SpansOp *op, const Row *row, Out *out, const Strings *s, uint32_t text, const char *reason,
                  double threshold) {
  Buf b = { 0 };
  uint32_t n = op->found.count[text];
  int bad = buf_str(&b, "{\"value\":") != 0 || evidence_number(&b, op->found.share[text]) != 0 ||
            buf_str(&b, ",\"threshold\":") != 0 || evidence_number(&b, threshold) != 0 ||
            buf_printf(&b, ",\"spans_found\":%u,\"repeated\":[", n) != 0;
  for (uint32_t i = 0; !bad && i < n && i < EVIDENCE_MOST; i++)
    bad = add_span(&b, op, row, s, &op->found.span[op->found.first[text] + i]) != 0;
  bad = bad || buf_str(&b, "]}") != 0 || out_reject_json(out, reason, buf_span(&b)) != 0;
  buf_free(&b);
  return bad ? -1 : 0;
}

/* ---- cutting ---- */

/* Would a field that has tokens have none? */
static int empties_a_field(const Strings *s, const RepeatedSpan *span, uint32_t n) {
  uint32_t left[FIELD_COUNT + 1] = { 0 }, had[FIELD_COUNT + 1] = { 0 };
  for (size_t i = 0, k = 0; i < s->n; i++) {
    uint32_t tokens = s->first[i + 1] - s->first[i], f = s->string[i].field;
    had[f] += tokens;
    for (; k < n && span[k].from < s->first[i + 1]; k++) tokens -= span[k].to - span[k].from;
    left[f] += tokens;
  }
  for (int f = 0; f <= FIELD_COUNT; f++)
    if (had[f] > 0 && left[f] == 0) return 1;
  return 0;
}

static int cut_string(Row *row, Out *out, const Strings *s, size_t i, const RepeatedSpan *span, uint32_t n) {
  const RowString *string = &s->string[i];
  char *text = scratch_room(row->scratch, string->text.len + 1);
  size_t len = 0, at = 0;
  if (text == NULL) return -1;
  for (uint32_t k = 0; k <= n; k++) {
    WordsPlace place = { string->text.len, 0, string->text.len };
    if (k < n && words_place(string->text, span[k].from - s->first[i], span[k].to - 1 - s->first[i], &place) != 0)
      return 0;
    memcpy(text + len, string->text.ptr + at, place.begin - at);
    len += place.begin - at;
    at = place.next;
  }
  if (at == string->text.len && n > 0) {   /* what the last span left hanging at the end */
    WordsPlace last;
    size_t end = 0, from = 0;
    if (words_place(string->text, span[n - 1].from - s->first[i], span[n - 1].to - 1 - s->first[i], &last) == 0 &&
        last.next == string->text.len) {
      for (size_t next; from < len; from = next)
        if (!chars_is_space(chars_decode(text, len, from, &next))) end = next;
      len = end;
    }
  }
  return out_edit(out, string, span_of(text, len));
}

static int cut(const SpansOp *op, Row *row, Out *out, const Strings *s, uint32_t text) {
  const RepeatedSpan *span = &op->found.span[op->found.first[text]];
  uint32_t n = op->found.count[text];
  if (empties_a_field(s, span, n)) return reject(op, row, out, s, text, "nothing_left", 1);
  for (size_t i = s->n; i > 0; i--) {   /* the last first: an edit voids texts that come of one string */
    uint32_t a = 0, b;
    while (a < n && span[a].from < s->first[i - 1]) a++;
    for (b = a; b < n && span[b].from < s->first[i];) b++;
    if (b > a && cut_string(row, out, s, i - 1, span + a, b - a) != 0) return -1;
  }
  return 0;
}

/* ---- the operator ---- */

static int run(const RowOp *base, Row *row, Out *out) {
  const SpansOp *op = (const SpansOp *)base;
  uint32_t text = row->index < op->corpus->nrows ? op->text[row->index] : TEXT_NONE;
  Strings s;
  if (text == TEXT_NONE) return 0;
  if (out_metric(out, 0, op->found.share[text]) != 0) return -1;
  if (op->action == SPANS_REPORT || op->found.count[text] == 0) return 0;
  if (op->action == SPANS_REJECT && !op->found.rejected[text]) return 0;
  if (op->corpus->sources[op->corpus->rows[row->index].source].trusted) return 0;
  if (strings_of(&s, row, op->fields) != 0) return -1;
  if (op->action == SPANS_CUT) return cut(op, row, out, &s, text);
  return reject(op, row, out, &s, text, "repeated_spans", op->max_share);
}

static void destroy(RowOp *base) {
  SpansOp *op = (SpansOp *)base;
  spans_free(&op->found);
  corpus_unref(op->corpus);
  free(op->rows);
  free(op->text);
  free(op);
}

static int find(SpansOp *op, const View *v, unsigned tokens, Pool *pool, Error *err) {
  const Corpus *c = v->corpus;
  ViewTexts texts;
  uint8_t *first = malloc(v->standing + 1);
  op->rows = malloc((v->standing + 1) * sizeof *op->rows);
  op->text = malloc((c->nrows + (size_t)1) * sizeof *op->text);
  if (first == NULL || op->rows == NULL || op->text == NULL || rowop_add_metric(&op->op, "share") < 0) {
    free(first);
    return error_memory(err);
  }
  view_standing(v, op->rows);
  memset(op->text, 0xFF, (c->nrows + (size_t)1) * sizeof *op->text);
  for (size_t i = 0; i < v->standing; i++) {
    op->text[op->rows[i]] = (uint32_t)i;
    first[i] = c->sources[c->rows[op->rows[i]].source].trusted != 0;
  }
  SpanParams p = { .tokens = tokens, .max_share = op->action == SPANS_REJECT ? op->max_share : 1, .first = first };
  int r = view_strings_init(&texts, v, op->rows, v->standing, op->fields, pool);
  if (r != 0) error_memory(err);
  else r = spans_find(&texts.source, &p, pool, &op->found, err);
  view_texts_free(&texts);
  free(first);
  return r;
}

RowOp *spans_op_new(const View *view, unsigned fields, unsigned tokens, SpansAction action,
                    double max_share, Pool *pool, const Spans **found, Error *err) {
  SpansOp *op = calloc(1, sizeof *op);
  err->text[0] = '\0';
  if (op == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&op->op, run, destroy);
  op->corpus = corpus_ref(view->corpus);
  op->fields = fields;
  op->action = action;
  op->max_share = max_share;
  if (find(op, view, tokens, pool, err) == 0) {
    *found = &op->found;
    return &op->op;
  }
  rowop_unref(&op->op);
  return NULL;
}

uint32_t spans_op_row(const RowOp *op, uint32_t text) { return ((const SpansOp *)op)->rows[text]; }
