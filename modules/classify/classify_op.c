/* modules/classify/classify_op.c - see classify_op.h */
#include "classify/classify_op.h"

#include <math.h>
#include <stdlib.h>

#include "rules/rules_op.h"
#include "text/fold.h"
#include "text/tokens.h"

/* ---- a shared model ---- */

enum { MOST_LABELS = 64 };   /* of a fastText model, in which its label is looked for */

Model *model_new(Classify *c) {
  Model *m = calloc(1, sizeof *m);
  if (m == NULL) {
    classify_free(c);
    return NULL;
  }
  m->classify = c;
  atomic_init(&m->refs, 1);
  return m;
}

static int has_label(const FastText *f, Span label, Error *err) {
  Buf known = { 0 };
  size_t n = fasttext_labels(f);
  for (size_t i = 0; i < n; i++)
    if (span_eq(label, span_str(fasttext_label(f, i)))) return buf_free(&known), 0;
  for (size_t i = 0; i < n && i < 8; i++) buf_printf(&known, "%s%s", i > 0 ? ", " : "", fasttext_label(f, i));
  error_set(err, "the fastText model has no label \"%.*s\"; it has %.*s%s", (int)label.len, label.ptr, (int)known.len,
            known.ptr != NULL ? known.ptr : "", n > 8 ? " and others" : "");
  buf_free(&known);
  return -1;
}

Model *model_fasttext(FastText *f, Span label, Error *err) {
  Model *m = has_label(f, label, err) == 0 ? model_new(NULL) : (fasttext_unref(f), NULL);
  if (m == NULL) return NULL;
  m->fasttext = f;
  m->label = strndup(label.ptr, label.len);
  if (m->label != NULL) return m;
  error_memory(err);
  model_unref(m);
  return NULL;
}

ClassifyResult model_score(const Model *m, Span text) {
  if (m->classify != NULL) return classify_text(m->classify, text);
  FastTextGuess guess[MOST_LABELS];
  ClassifyResult r = { -HUGE_VAL, 0, 0, text.len };
  int n = fasttext_predict(m->fasttext, text, MOST_LABELS, guess);
  if (n < 0) r.score = -1;
  for (int i = 0; i < n; i++)
    if (strcmp(guess[i].label, m->label) == 0) r.value = r.score = guess[i].score;
  return r;
}

Model *model_ref(Model *m) {
  atomic_fetch_add(&m->refs, 1);
  return m;
}

void model_unref(Model *m) {
  if (m == NULL || atomic_fetch_sub(&m->refs, 1) != 1) return;
  classify_free(m->classify);
  fasttext_unref(m->fasttext);
  free(m->label);
  free(m);
}

/* ---- the operator ---- */

typedef struct ClassifyOp {
  RowOp op;
  Model *model;
  Topics *phrases;
  double threshold;
  uint32_t fields;
  int tag;
  char *reason, *annotation;
} ClassifyOp;

static int is_read(const ClassifyOp *c, const RowString *s) {
  return c->fields == 0 || (s->field < FIELD_COUNT && (c->fields >> s->field & 1));
}

/* The bytes of text whose folded bytes are start..end: folding leaves one blank between words. */
static void unfolded(Span text, Span folded, size_t start, size_t end, ClassifyResult *r) {
  size_t first = 0, last = 0, at = 0;
  Span w;
  for (size_t i = 0; i < start; i++) first += folded.ptr[i] == ' ';
  last = first;
  for (size_t i = start; i < end; i++) last += folded.ptr[i] == ' ';
  for (size_t i = 0; i <= last && (w = words_next(text, &at)).ptr != NULL; i++) {
    if (i == first) r->start = (size_t)(w.ptr - text.ptr);
    r->end = (size_t)(w.ptr - text.ptr) + w.len;
  }
}

/* 1 where a phrase stands, 0 where none does, -1 if out of memory. */
static int find_phrase(const ClassifyOp *c, Row *row, Span text, ClassifyResult *r) {
  char *room = scratch_room(row->scratch, fold_room(text.len));
  if (room == NULL) return -1;
  Span folded = span_of(room, fold_text(room, text, 0, NULL));
  size_t start, end;
  if (topics_find(c->phrases, folded, &start, &end) < 0) return 0;
  *r = (ClassifyResult){ .score = 1 };
  unfolded(text, folded, start, end, r);
  return 1;
}

static int run(const RowOp *op, Row *row, Out *out) {
  const ClassifyOp *c = (const ClassifyOp *)op;
  const RowString *string, *worst = NULL;
  ClassifyResult most = { 0 };
  size_t n = row_strings(row, &string);
  for (size_t i = 0; i < n && most.score < 1; i++) {
    ClassifyResult r = { 0 };
    if (!is_read(c, &string[i])) continue;
    int found = c->phrases != NULL ? find_phrase(c, row, string[i].text, &r) : 0;
    if (found < 0) return -1;
    if (!found && c->model != NULL) r = model_score(c->model, string[i].text);
    if (r.score < 0) return -1;
    if (r.score > most.score) most = r, worst = &string[i];
  }
  if (out_metric(out, 0, most.score) != 0) return -1;
  if (worst == NULL || most.score <= c->threshold) return 0;
  if (c->tag) {
    Value toxic = { .type = VALUE_STRING, .text = span_str(c->reason) };
    return out_annotate(out, span_str(c->annotation), toxic);
  }
  RuleEvidence e = { (Field)worst->field, worst, most.score, c->threshold, most.start, most.end, "TOXIC", NULL };
  return rules_reject(row, out, c->reason, &e);
}

static void destroy(RowOp *op) {
  ClassifyOp *c = (ClassifyOp *)op;
  model_unref(c->model);
  topics_free(c->phrases);
  free(c->reason);
  free(c->annotation);
  free(c);
}

RowOp *classify_op(const ClassifyRule *rule, Error *err) {
  ClassifyOp *c = calloc(1, sizeof *c);
  if (c == NULL) {
    topics_free(rule->phrases);
    error_memory(err);
    return NULL;
  }
  rowop_init(&c->op, run, destroy);
  c->model = rule->model != NULL ? model_ref(rule->model) : NULL;
  c->phrases = rule->phrases;
  c->threshold = rule->threshold, c->fields = rule->fields, c->tag = rule->tag;
  c->reason = strdup(rule->reason);
  c->annotation = strdup(rule->annotation);
  if (c->reason != NULL && c->annotation != NULL && rowop_add_metric(&c->op, rule->metric) >= 0) return &c->op;
  error_memory(err);
  rowop_unref(&c->op);
  return NULL;
}
