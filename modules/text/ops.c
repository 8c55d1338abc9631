/* modules/text/ops.c - see ops.h */
#include "text/ops.h"

#include <math.h>
#include <stdlib.h>

#include "text/fold.h"
#include "text/repetition.h"
#include "text/tokens.h"
#include "text/topics.h"

/* ---- length ---- */

typedef struct Bound {
  Field field;
  double min, max;
  char *below, *above;
} Bound;

typedef struct LengthOp {
  RowOp op;
  size_t n;
  Bound bound[LENGTH_MAX_BOUNDS];
} LengthOp;

static int length_run(const RowOp *op, Row *row, Out *out) {
  const LengthOp *l = (const LengthOp *)op;
  for (size_t i = 0; i < l->n; i++) {
    const Bound *b = &l->bound[i];
    Span text = row_field(row, b->field);
    if (text.ptr == NULL) continue;
    double tokens = (double)tokens_count(text);
    if (out_metric(out, (int)i, tokens) != 0) return -1;
    if (tokens < b->min && out_reject_threshold(out, b->below, b->field, tokens, b->min) != 0) return -1;
    if (tokens > b->max && out_reject_threshold(out, b->above, b->field, tokens, b->max) != 0) return -1;
  }
  return 0;
}

static void length_destroy(RowOp *op) {
  LengthOp *l = (LengthOp *)op;
  for (size_t i = 0; i < l->n; i++) {
    free(l->bound[i].below);
    free(l->bound[i].above);
  }
  free(l);
}

RowOp *length_op(const LengthBound *bounds, size_t n, Error *err) {
  LengthOp *l = calloc(1, sizeof *l);
  if (l == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&l->op, length_run, length_destroy);
  for (size_t i = 0; i < n; i++) {
    const LengthBound *from = &bounds[i];
    Bound *b = &l->bound[l->n++];
    *b = (Bound){ from->field, from->min, from->max, strdup(from->below), strdup(from->above) };
    if (b->below == NULL || b->above == NULL || rowop_add_metric(&l->op, from->metric) < 0) {
      error_memory(err);
      rowop_unref(&l->op);
      return NULL;
    }
  }
  return &l->op;
}

/* ---- repetition ---- */

typedef struct RepetitionOp {
  RowOp op;
  Field field;
  double max;
  size_t min_words;
  char *reason;
} RepetitionOp;

static int repetition_run(const RowOp *op, Row *row, Out *out) {
  const RepetitionOp *r = (const RepetitionOp *)op;
  Span text = row_field(row, r->field);
  if (text.ptr == NULL || text.len + 1 < 2 * r->min_words) return 0;
  char *room = scratch_room(row->scratch, fold_room(text.len));
  if (room == NULL) return -1;
  Span folded = span_of(room, fold_text(room, text, 0, NULL));
  size_t words = repetition_words(folded);
  if (words < r->min_words) return 0;
  void *set = scratch_room(row->scratch, repetition_room(words));
  if (set == NULL) return -1;
  double ratio = repetition_ratio(repetition_bigrams(folded, set));
  if (out_metric(out, 0, ratio) != 0) return -1;
  return ratio > r->max ? out_reject_threshold(out, r->reason, r->field, ratio, r->max) : 0;
}

static void repetition_destroy(RowOp *op) {
  RepetitionOp *r = (RepetitionOp *)op;
  free(r->reason);
  free(r);
}

RowOp *repetition_op(const RepetitionRule *rule, Error *err) {
  RepetitionOp *r = calloc(1, sizeof *r);
  if (r == NULL) {
    error_memory(err);
    return NULL;
  }
  rowop_init(&r->op, repetition_run, repetition_destroy);
  r->field = rule->field;
  r->max = rule->max;
  r->min_words = rule->min_words;
  r->reason = strdup(rule->reason);
  if (r->reason == NULL || rowop_add_metric(&r->op, rule->metric) < 0) {
    error_memory(err);
    rowop_unref(&r->op);
    return NULL;
  }
  return &r->op;
}

/* ---- topics ---- */

typedef struct TopicsOp {
  RowOp op;
  Topics *topics;
  Field field;
  size_t nrules;
  char *text;            /* owns the bytes of the spans below */
  Span annotation, unknown;
  Span *name;            /* [nrules] */
} TopicsOp;

static int topics_run(const RowOp *op, Row *row, Out *out) {
  const TopicsOp *t = (const TopicsOp *)op;
  Span text = row_field(row, t->field), topic = t->unknown;
  if (text.ptr != NULL) {
    char *room = scratch_room(row->scratch, fold_room(text.len));
    if (room == NULL) return -1;
    int64_t rule = topics_match(t->topics, span_of(room, fold_text(room, text, 0, NULL)));
    if (rule >= 0) topic = t->name[rule];
  }
  return out_annotate(out, t->annotation, (Value){ .type = VALUE_STRING, .text = topic });
}

static void topics_destroy(RowOp *op) {
  TopicsOp *t = (TopicsOp *)op;
  topics_free(t->topics);
  free(t->text);
  free(t->name);
  free(t);
}

/* Copies s to *at, which moves on. */
static Span keep(char **at, Span s) {
  memcpy(*at, s.ptr, s.len);
  *at += s.len;
  return span_of(*at - s.len, s.len);
}

RowOp *topics_op(Topics *topics, Field field, Span annotation, const Span *names, size_t nrules,
                 Span unknown, Error *err) {
  TopicsOp *t = calloc(1, sizeof *t);
  if (t == NULL) {
    topics_free(topics);
    error_memory(err);
    return NULL;
  }
  rowop_init(&t->op, topics_run, topics_destroy);
  t->topics = topics;
  t->field = field;
  t->nrules = nrules;
  size_t bytes = annotation.len + unknown.len + 1;
  for (size_t i = 0; i < nrules; i++) bytes += names[i].len;
  t->text = malloc(bytes);
  t->name = calloc(nrules + 1, sizeof *t->name);
  if (t->text == NULL || t->name == NULL) {
    error_memory(err);
    rowop_unref(&t->op);
    return NULL;
  }
  char *at = t->text;
  t->annotation = keep(&at, annotation);
  t->unknown = keep(&at, unknown);
  for (size_t i = 0; i < nrules; i++) t->name[i] = keep(&at, names[i]);
  return &t->op;
}
