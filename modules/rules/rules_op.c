/* modules/rules/rules_op.c - see rules_op.h */
#include "rules/rules_op.h"

#include <math.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"

/* ---- evidence ---- */

static EvidenceSpan span_in(const RowString *s, size_t start, size_t end, const char *type) {
  if (end > s->text.len) end = s->text.len;
  if (start > end) start = end;
  EvidenceSpan e = { s, (uint32_t)rules_points(span_of(s->text.ptr, start)), 0, type };
  e.end = e.start + (uint32_t)rules_points(span_of(s->text.ptr + start, end - start));
  return e;
}

/* The strings of the field that the bytes start..end touch, each with its part; how many. */
static size_t spans_of_field(Row *row, const RuleEvidence *e, EvidenceSpan *span, size_t cap) {
  size_t n = row_field_strings(row, e->field, NULL, 0), found = 0, at = 0;
  RowString *s = scratch_room(row->scratch, (n + 1) * sizeof *s);
  if (s == NULL) return 0;
  row_field_strings(row, e->field, s, n);
  for (size_t i = 0; i < n && found < cap && at < e->end; at += s[i++].text.len + 1)
    if (at + s[i].text.len > e->start) {
      size_t from = e->start > at ? e->start - at : 0;
      span[found++] = span_in(&s[i], from, e->end - at, e->type);
    }
  return found;
}

static int write_evidence(Buf *b, Row *row, const RuleEvidence *e, const EvidenceSpan *span, size_t n) {
  Buf spans = { 0 };
  if (buf_char(b, '{') != 0 || (e->more != NULL && buf_str(b, e->more) != 0)) return -1;
  if (buf_str(b, "\"field\":") != 0 || json_out_string(b, span_str(field_name(e->field))) != 0) return -1;
  if (buf_str(b, ",\"value\":") != 0 || evidence_number(b, e->value) != 0) return -1;
  if (buf_str(b, ",\"threshold\":") != 0 || evidence_number(b, e->threshold) != 0) return -1;
  if (n == 0) return buf_char(b, '}');
  int bad = evidence_spans(&spans, row, span, n) != 0 || buf_char(b, ',') != 0 ||
            buf_add(b, spans.ptr + 1, spans.len - 1) != 0;
  buf_free(&spans);
  return bad ? -1 : 0;
}

int rules_reject(Row *row, Out *out, const char *reason, const RuleEvidence *e) {
  enum { MOST = 4 };
  EvidenceSpan span[MOST];
  Buf b = { 0 };
  size_t n = 0;
  if (e->end > e->start && e->string != NULL) span[n++] = span_in(e->string, e->start, e->end, e->type);
  else if (e->end > e->start) n = spans_of_field(row, e, span, MOST);
  int r = write_evidence(&b, row, e, span, n);
  if (r == 0) r = out_reject_json(out, reason, buf_span(&b));
  buf_free(&b);
  return r;
}

/* ---- the operator ---- */

typedef struct Bound {
  int measure;
  double min, max;
  char *below, *above;
} Bound;

typedef struct RulesOp {
  RowOp op;
  const RuleKernel *kernel;
  RuleSetup setup;
  char *words;               /* owns the bytes of setup.word */
  Field field, against;
  size_t n;
  Bound bound[ROWOP_MAX_METRICS];
} RulesOp;

/* A figure that is an error of the arithmetic alone must not cross a bound. */
static int beyond(const Bound *b, double v) { return v < b->min ? -1 : v > b->max; }

static int judge(const RulesOp *r, Row *row, Out *out, const Finding *found, const RowString *const *string) {
  for (size_t i = 0; i < r->n; i++) {
    const Bound *b = &r->bound[i];
    const Finding *f = &found[b->measure];
    if (isnan(f->value)) continue;
    if (out_metric(out, (int)i, f->value) != 0) return -1;
    int side = beyond(b, f->value);
    if (side == 0) continue;
    const RowString *s = string != NULL ? string[b->measure] : NULL;
    RuleEvidence e = { s != NULL ? (Field)s->field : r->field, s, f->value, side < 0 ? b->min : b->max, f->start,
                       f->end, NULL, NULL };
    if (rules_reject(row, out, side < 0 ? b->below : b->above, &e) != 0) return -1;
  }
  return 0;
}

static int run_kernel(const RulesOp *r, Row *row, Span text, Span against, Finding *found) {
  void *room = scratch_room(row->scratch, r->kernel->room(&r->setup, text, against) + 16);
  if (room == NULL) return -1;
  r->kernel->run(&r->setup, text, against, (char *)room + (-(uintptr_t)room & 15), found);
  return 0;
}

static int run_field(const RowOp *op, Row *row, Out *out) {
  const RulesOp *r = (const RulesOp *)op;
  Finding found[RULES_MAX_MEASURES];
  Span text = row_field(row, r->field), against = span_of(NULL, 0);
  if (text.ptr == NULL) return 0;
  if (r->against != FIELD_NONE) against = row_field(row, r->against);
  rules_absent(found);
  return run_kernel(r, row, text, against, found) != 0 ? -1 : judge(r, row, out, found, NULL);
}

static int run_strings(const RowOp *op, Row *row, Out *out) {
  const RulesOp *r = (const RulesOp *)op;
  Finding sum[RULES_MAX_MEASURES], found[RULES_MAX_MEASURES];
  const RowString *string, *shown[RULES_MAX_MEASURES] = { NULL };
  size_t n = row_strings(row, &string);
  rules_absent(sum);
  for (size_t k = 0; k < n; k++) {
    rules_absent(found);
    if (run_kernel(r, row, string[k].text, span_of(NULL, 0), found) != 0) return -1;
    for (size_t i = 0; i < r->n; i++) {
      int m = r->bound[i].measure;
      if (isnan(found[m].value)) continue;
      double before = isnan(sum[m].value) ? 0 : sum[m].value;
      if (shown[m] == NULL || before == 0) sum[m] = found[m], shown[m] = &string[k];
      sum[m].value = before + found[m].value;
    }
  }
  return judge(r, row, out, sum, shown);
}

static void destroy(RowOp *op) {
  RulesOp *r = (RulesOp *)op;
  for (size_t i = 0; i < r->n; i++) {
    free(r->bound[i].below);
    free(r->bound[i].above);
  }
  free(r->words);
  free(r);
}

static int copy_words(RulesOp *r) {
  size_t bytes = 0;
  for (size_t i = 0; i < r->setup.nwords; i++) bytes += r->setup.word[i].len;
  char *at = r->words = malloc(bytes + 1);
  if (at == NULL) return -1;
  for (size_t i = 0; i < r->setup.nwords; i++) {
    Span *w = &r->setup.word[i];
    memcpy(at, w->ptr, w->len);
    *w = span_of(at, w->len);
    at += w->len;
  }
  return 0;
}

static int add_bound(RulesOp *r, const RuleBound *from) {
  Bound *b = &r->bound[r->n++];
  *b = (Bound){ from->measure, from->min, from->max, strdup(from->below), strdup(from->above) };
  r->setup.wanted |= (uint32_t)1 << from->measure;
  return b->below == NULL || b->above == NULL || rowop_add_metric(&r->op, from->metric) < 0 ? -1 : 0;
}

RowOp *rules_op(const RuleSpec *spec, Error *err) {
  RulesOp *r = calloc(1, sizeof *r);
  if (r == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&r->op, spec->field == FIELD_NONE ? run_strings : run_field, destroy);
  r->kernel = spec->kernel;
  r->setup = spec->setup;
  r->setup.wanted = 0;
  r->field = spec->field;
  r->against = spec->against;
  int bad = copy_words(r);
  for (size_t i = 0; bad == 0 && i < spec->nbounds; i++) bad = add_bound(r, &spec->bound[i]);
  if (bad == 0) return &r->op;
  error_memory(err);
  rowop_unref(&r->op);
  return NULL;
}
