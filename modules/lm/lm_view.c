/* modules/lm/lm_view.c - see lm_view.h */
#include "lm/lm_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "core/json_out.h"
#include "corpus/view.h"
#include "rules/rules_op.h"
#include "text/chars.h"

static int in_part(const LmPart *part, Span text) {
  if (part->every == 0) return 1;
  int out = XXH3_64bits_withSeed(text.ptr, text.len, part->seed) % part->every == 0;
  return out == (part->held_out != 0);
}

/* ---- fitting ---- */

typedef struct Fitting {
  const LmSpec *spec;
  LmFitted *fitted;
  LmLetters *letters;     /* the first walk fills it, */
  LmCounts *counts;       /* the second this */
} Fitting;

static int take(Fitting *f, Span text) {
  if (text.len == 0 || !in_part(&f->spec->part, text)) return 0;
  if (f->counts == NULL) {
    lm_letters_add(f->letters, text);
    f->fitted->texts++;
    f->fitted->chars += chars_count(text.ptr, text.len);
    return 0;
  }
  return lm_counts_add(f->counts, text);
}

/* 0, -1 if out of memory, POOL_INTERRUPTED. */
static int walk(const View *v, Scratch *s, Fitting *f) {
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    if (i % 256 == 0 && interrupt_pending()) return POOL_INTERRUPTED;
    if (view_status(v, i) != STATUS_STANDING) continue;
    Row row = scratch_begin(s, v, i);
    Span text = row_field(&row, f->spec->field);
    if (text.ptr != NULL && take(f, text) != 0) return -1;
    if (scratch_failed(s)) return -1;
  }
  return 0;
}

LmTable *lm_fit_view(const View *v, const LmSpec *spec, LmFitted *fitted, Error *err) {
  LmAlphabet alphabet;
  LmTable *table = NULL;
  Scratch *s = scratch_new(0);
  Fitting f = { spec, fitted, lm_letters_new(), NULL };
  err->text[0] = '\0';
  *fitted = (LmFitted){ 0, 0 };
  int r = s == NULL || f.letters == NULL ? -1 : walk(v, s, &f);
  if (r == 0) {
    lm_letters_pick(f.letters, spec->least, &alphabet);
    f.counts = lm_counts_new(&alphabet, spec->order, spec->most);
    r = f.counts == NULL ? -1 : walk(v, s, &f);
  }
  if (r == 0) table = lm_table(f.counts, spec->max_ngrams, err);
  if (r == -1) error_memory(err);
  lm_counts_free(f.counts);
  lm_letters_free(f.letters);
  scratch_free(s);
  return table;
}

/* ---- figures ---- */

enum { GRAIN = 256 };

typedef struct Measuring {
  const View *view;
  const Lm *model;
  Field field;
  size_t min_chars;
  LmPart part;
  Scratch **scratch;      /* [threads] */
  double *out;
} Measuring;

static int measure_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Measuring *m = ctx;
  Scratch *s = m->scratch[worker];
  for (size_t i = begin; i < end; i++) {
    m->out[i] = NAN;
    if (view_status(m->view, (uint32_t)i) != STATUS_STANDING) continue;
    Row row = scratch_begin(s, m->view, (uint32_t)i);
    Span text = row_field(&row, m->field);
    if (text.ptr == NULL || !in_part(&m->part, text)) continue;
    LmScore score = lm_score(m->model, text, NULL);
    if (score.chars >= m->min_chars) m->out[i] = lm_perplexity(score);
  }
  return scratch_failed(s) ? -1 : 0;
}

int lm_measure(const View *v, const Lm *model, Field field, size_t min_chars, LmPart part, Pool *pool, double *out,
               Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, made = 0, r = -1;
  Measuring m = { v, model, field, min_chars, part, calloc((size_t)threads, sizeof *m.scratch), out };
  if (m.scratch == NULL) return error_memory(err);
  while (made < threads && (m.scratch[made] = scratch_new(made)) != NULL) made++;
  if (made == threads) r = pool_for(pool, v->corpus->nrows, GRAIN, measure_chunk, &m);
  for (int i = 0; i < made; i++) scratch_free(m.scratch[i]);
  free(m.scratch);
  return r == -1 ? error_memory(err) : r;
}

static int by_value(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

size_t lm_sorted(double *v, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(v[i])) v[kept++] = v[i];
  qsort(v, kept, sizeof *v, by_value);
  return kept;
}

double lm_percentile(const double *sorted, size_t n, double share) {
  double rank = ceil(share * (double)n - 1e-9);   /* 0.07 * 100 is a little more than 7 */
  if (rank < 1) return sorted[0];
  return sorted[rank >= (double)n ? n - 1 : (size_t)rank - 1];
}

/* ---- the operator ---- */

typedef struct LmOp {
  RowOp op;
  Lm *model;
  Field field;
  size_t min_chars, window;
  double max, min, past;
  char *high, *low, *past_reason;
  char more[64];          /* the percentile, for its evidence */
} LmOp;

static int reject(const LmOp *o, Row *row, Out *out, const char *reason, double value, double threshold) {
  Span text = row_field(row, o->field);
  uint32_t *cost = scratch_room(row->scratch, (text.len + 1) * sizeof *cost);
  if (cost == NULL) return -1;
  lm_score(o->model, text, cost);
  LmWindow w = lm_window(text, cost, o->window, value > threshold ? 1 : -1);
  const char *more = reason == o->past_reason ? o->more : NULL;
  RuleEvidence e = { o->field, NULL, value, threshold, w.start, w.end, NULL, more };
  return rules_reject(row, out, reason, &e);
}

static int run(const RowOp *op, Row *row, Out *out) {
  const LmOp *o = (const LmOp *)op;
  Span text = row_field(row, o->field);
  if (text.ptr == NULL) return 0;
  LmScore score = lm_score(o->model, text, NULL);
  if (score.chars < o->min_chars || score.chars == 0) return 0;
  double value = lm_perplexity(score);
  if (out_metric(out, 0, value) != 0 || out_metric(out, 1, lm_bits(score)) != 0) return -1;
  if (value > o->max && reject(o, row, out, o->high, value, o->max) != 0) return -1;
  if (value > o->past && reject(o, row, out, o->past_reason, value, o->past) != 0) return -1;
  if (value < o->min && reject(o, row, out, o->low, value, o->min) != 0) return -1;
  return 0;
}

static void destroy(RowOp *op) {
  LmOp *o = (LmOp *)op;
  lm_unref(o->model);
  free(o->high);
  free(o->low);
  free(o->past_reason);
  free(o);
}

RowOp *lm_op(const LmRule *rule, Error *err) {
  LmOp *o = calloc(1, sizeof *o);
  if (o != NULL) {
    rowop_init(&o->op, run, destroy);
    o->model = lm_ref(rule->model);
    o->field = rule->field;
    o->min_chars = rule->min_chars;
    o->window = rule->window;
    o->max = rule->max, o->min = rule->min, o->past = rule->past;
    char share[32];
    json_double_text(rule->share, share);
    snprintf(o->more, sizeof o->more, "\"percentile\":%s,", share);
    o->high = strdup(rule->high);
    o->low = strdup(rule->low);
    o->past_reason = strdup(rule->past_reason);
    if (o->high != NULL && o->low != NULL && o->past_reason != NULL &&
        rowop_add_metric(&o->op, rule->perplexity) >= 0 && rowop_add_metric(&o->op, rule->bits) >= 0) return &o->op;
    rowop_unref(&o->op);
  }
  error_memory(err);
  return NULL;
}
