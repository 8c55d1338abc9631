/* modules/recur/recur_op.c - see recur_op.h */
#include "recur/recur_op.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "text/chars.h"
#include "text/fold.h"

enum { SPANS_MOST = 16 };   /* that a row's evidence names */

static const char REASON[] = "recurring_sentences";

typedef struct RecurOp {
  RowOp op;
  RecurSpec spec;
  Recur found;
  uint32_t *rows;    /* [texts] the row of each text */
} RecurOp;

/* ---- finding ---- */

typedef struct FieldTexts {
  RecurTexts texts;
  const View *view;
  const uint32_t *rows;
  Field field;
  Scratch **scratch;   /* [threads] */
} FieldTexts;

static Span field_text(const RecurTexts *t, size_t i, int worker) {
  const FieldTexts *f = (const FieldTexts *)t;
  Row row = scratch_begin(f->scratch[worker], f->view, f->rows[i]);
  return row_field(&row, f->field);
}

static int find(RecurOp *op, const View *v, Pool *pool, Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, r = 0;
  FieldTexts f = { { v->standing, field_text }, v, NULL, op->spec.field, calloc((size_t)threads, sizeof *f.scratch) };
  op->rows = malloc((v->standing + 1) * sizeof *op->rows);
  if (op->rows == NULL || f.scratch == NULL || rowop_add_metric(&op->op, "share") < 0) r = error_memory(err);
  for (int t = 0; r == 0 && t < threads; t++)
    if ((f.scratch[t] = scratch_new(t)) == NULL) r = error_memory(err);
  if (r == 0) {
    view_standing(v, op->rows);
    f.rows = op->rows;
    r = recur_find(&f.texts, &op->spec.params, pool, &op->found, err);
  }
  for (int t = 0; f.scratch != NULL && t < threads; t++) scratch_free(f.scratch[t]);
  free(f.scratch);
  return r;
}

/* ---- one row ---- */

typedef struct Strings {
  RowString *string;
  RecurHit **hit;      /* [n][count] */
  size_t *count;
  size_t n, hits;
} Strings;

static int is_blank(Span text) {
  size_t at = 0;
  return sentence_next(NULL, text, &at).text.ptr == NULL;
}

static int read_strings(const RecurOp *op, const Row *row, Strings *s, RecurShare *share) {
  s->n = row_field_strings(row, op->spec.field, NULL, 0);
  s->string = scratch_room(row->scratch, (s->n + 1) * sizeof *s->string);
  s->hit = scratch_room(row->scratch, (s->n + 1) * sizeof *s->hit);
  s->count = scratch_room(row->scratch, (s->n + 1) * sizeof *s->count);
  if (s->string == NULL || s->hit == NULL || s->count == NULL) return -1;
  row_field_strings(row, op->spec.field, s->string, s->n);
  size_t filled = 0;
  for (size_t i = 0; i < s->n && filled < 2; i++) filled += !is_blank(s->string[i].text);
  for (size_t i = 0; i < s->n; i++) {
    RecurShare before = *share;
    RecurHit few[SPANS_MOST];
    char *room = scratch_room(row->scratch, fold_room(s->string[i].text.len));
    if (room == NULL) return -1;
    const RecurParams *p = &op->spec.params;
    size_t n = recur_measure(&op->found, p, s->string[i].text, filled < 2, room, share, few, SPANS_MOST);
    s->count[i] = n;
    s->hits += n;
    s->hit[i] = scratch_room(row->scratch, (n + 1) * sizeof **s->hit);
    if (s->hit[i] == NULL) return -1;
    if (n <= SPANS_MOST) memcpy(s->hit[i], few, n * sizeof *few);
    else recur_measure(&op->found, p, s->string[i].text, filled < 2, room, &before, s->hit[i], n);
  }
  return 0;
}

static EvidenceSpan span_in(const RowString *s, const RecurHit *h) {
  uint32_t start = (uint32_t)chars_count(s->text.ptr, h->begin);
  return (EvidenceSpan){ s, start, start + (uint32_t)chars_count(s->text.ptr + h->begin, h->end - h->begin),
                         "RECURRING" };
}

static int write_evidence(const RecurOp *op, const Row *row, const Strings *s, double share, Buf *b) {
  EvidenceSpan span[SPANS_MOST];
  Buf spans = { 0 }, rows = { 0 };
  size_t n = 0;
  int bad = buf_str(&rows, ",\"in_rows\":[") != 0;
  for (size_t i = 0; i < s->n; i++)
    for (size_t k = 0; k < s->count[i] && n < SPANS_MOST; k++) {
      const RecurHit *h = &s->hit[i][k];
      bad = bad || buf_printf(&rows, n > 0 ? ",%u" : "%u", op->found.list[h->place].rows) != 0;
      span[n++] = span_in(&s->string[i], h);
    }
  bad = bad || buf_str(b, "{\"field\":") != 0 || json_out_string(b, span_str(field_name(op->spec.field))) != 0 ||
        buf_str(b, ",\"value\":") != 0 || evidence_number(b, share) != 0 ||
        buf_str(b, ",\"threshold\":") != 0 || evidence_number(b, op->spec.max_share) != 0 ||
        evidence_spans(&spans, row, span, n) != 0 || buf_char(b, ',') != 0 ||
        buf_add(b, spans.ptr + 1, spans.len - 2) != 0 || buf_add(b, rows.ptr, rows.len) != 0 || buf_str(b, "]}") != 0;
  buf_free(&spans);
  buf_free(&rows);
  return bad ? -1 : 0;
}

static int reject(const RecurOp *op, const Row *row, Out *out, const Strings *s, double share, const char *reason) {
  Buf b = { 0 };
  int bad = write_evidence(op, row, s, share, &b) != 0 || out_reject_json(out, reason, buf_span(&b)) != 0;
  buf_free(&b);
  return bad ? -1 : 0;
}

/* A string without its hits, each with the white space behind it. */
static Span stripped(const Strings *s, size_t i, char *room) {
  Span text = s->string[i].text;
  size_t len = 0, at = 0;
  for (size_t k = 0; k <= s->count[i]; k++) {
    size_t to = k < s->count[i] ? s->hit[i][k].begin : text.len;
    memcpy(room + len, text.ptr + at, to - at);
    len += to - at;
    if (k == s->count[i]) break;
    at = s->hit[i][k].end;
    for (size_t next; at < text.len && chars_is_space(chars_decode(text.ptr, text.len, at, &next)); at = next) {}
  }
  if (at == text.len)   /* what the last one left hanging */
    while (len > 0 && (room[len - 1] == ' ' || (unsigned char)(room[len - 1] - 9) < 5u)) len--;
  return span_of(room, len);
}

static int strip(const RecurOp *op, Row *row, Out *out, const Strings *s, double share) {
  Span *left = scratch_room(row->scratch, (s->n + 1) * sizeof *left);
  int blank = 1;
  if (left == NULL) return -1;
  for (size_t i = 0; i < s->n; i++) {
    char *room = scratch_room(row->scratch, s->string[i].text.len + 1);
    if (room == NULL) return -1;
    left[i] = stripped(s, i, room);
    blank = blank && is_blank(left[i]);
  }
  if (blank) return reject(op, row, out, s, share, "nothing_left");
  for (size_t i = s->n; i > 0; i--)   /* the last first: an edit voids texts that come of one string */
    if (s->count[i - 1] > 0 && out_edit(out, &s->string[i - 1], left[i - 1]) != 0) return -1;
  return 0;
}

static int run(const RowOp *base, Row *row, Out *out) {
  const RecurOp *op = (const RecurOp *)base;
  Strings s = { 0 };
  RecurShare share = { 0 };
  if (row_field(row, op->spec.field).ptr == NULL) return 0;
  if (read_strings(op, row, &s, &share) != 0) return -1;
  double value = share.all > 0 ? (double)share.recurring / (double)share.all : 0;
  if (out_metric(out, 0, value) != 0) return -1;
  if (s.hits == 0 || !(value > op->spec.max_share)) return 0;
  switch (op->spec.action) {
  case RECUR_STRIP: return strip(op, row, out, &s, value);
  case RECUR_TAG:
    return out_annotate(out, span_str("boilerplate"), (Value){ .type = VALUE_STRING, .text = span_str(REASON) });
  default: return reject(op, row, out, &s, value, REASON);
  }
}

static void destroy(RowOp *base) {
  RecurOp *op = (RecurOp *)base;
  abbreviations_free(&op->spec.abbreviations);
  recur_free(&op->found);
  free(op->rows);
  free(op);
}

RowOp *recur_op_new(const View *view, const RecurSpec *spec, Pool *pool, Error *err) {
  RecurOp *op = calloc(1, sizeof *op);
  err->text[0] = '\0';
  if (op == NULL) {
    Abbreviations given = spec->abbreviations;
    abbreviations_free(&given);
    error_memory(err);
    return NULL;
  }
  rowop_init(&op->op, run, destroy);
  op->spec = *spec;
  op->spec.params.abbreviations = &op->spec.abbreviations;
  if (find(op, view, pool, err) == 0) return &op->op;
  rowop_unref(&op->op);
  return NULL;
}

const Recur *recur_op_found(const RowOp *op) { return &((const RecurOp *)op)->found; }

Span recur_op_text(const RowOp *base, const View *view, Scratch *scratch, uint32_t place, uint32_t *row) {
  const RecurOp *op = (const RecurOp *)base;
  const RecurSentence *s = &op->found.list[place];
  *row = op->rows[s->first];
  Row r = scratch_begin(scratch, view, *row);
  Span text = row_field(&r, op->spec.field);
  char *room = text.ptr != NULL ? scratch_room(scratch, fold_room(text.len)) : NULL;
  size_t at = 0;
  Sentence n = { { NULL, 0 }, 0 };
  if (room == NULL) return n.text;
  while ((n = sentence_next(&op->spec.abbreviations, text, &at)).text.ptr != NULL) {
    SentenceKey k = sentence_key(n.text, room);
    if (k.hi == s->hi && k.lo == s->lo) break;
  }
  return n.text;
}
