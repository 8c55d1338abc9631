/* modules/coverage/tell.c - see tell.h */
#include "coverage/tell.h"

#include <math.h>
#include <stdlib.h>

#include "classify/train.h"
#include "core/spill.h"

typedef struct Table {
  size_t n;
  uint32_t dim;
  const TellParams *p;
  float *x;              /* [n][dim] less the mean */
  uint8_t *other, *fold; /* [n] */
  double auc[TELL_MAX_FOLDS];
} Table;

/* ---- the area ---- */

typedef struct Scored { double score; uint8_t positive; } Scored;

static int highest(const void *x, const void *y) {
  const Scored *a = x, *b = y;
  return (a->score < b->score) - (a->score > b->score);
}

static double area(Scored *s, size_t n) {
  double sum = 0, above = 0, positive = 0;
  qsort(s, n, sizeof *s, highest);
  for (size_t i = 0, j; i < n; i = j) {
    double t = 0, f = 0;
    for (j = i; j < n && s[j].score == s[i].score; j++) *(s[j].positive ? &t : &f) += 1;
    sum += f * (above + t / 2);
    above += t;
  }
  positive = above;
  return positive > 0 && positive < (double)n ? sum / (positive * ((double)n - positive)) : NAN;
}

double tell_auc(double *score, uint8_t *positive, size_t n) {
  Scored *s = malloc((n + 1) * sizeof *s);
  if (s == NULL) return NAN;
  for (size_t i = 0; i < n; i++) s[i] = (Scored){ score[i], positive[i] };
  double a = area(s, n);
  for (size_t i = 0; i < n; i++) score[i] = s[i].score, positive[i] = s[i].positive;
  free(s);
  return a;
}

/* ---- a fold ---- */

static double dot(const double *w, const float *x, uint32_t dim) {
  double sum[4] = { 0, 0, 0, 0 };
  uint32_t i = 0;
  for (; i + 4 <= dim; i += 4)
    for (uint32_t k = 0; k < 4; k++) sum[k] += w[i + k] * (double)x[i + k];
  for (; i < dim; i++) sum[0] += w[i] * (double)x[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static uint64_t next_of(uint64_t *state) {   /* splitmix64 */
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

/* Fits w[dim + 1], the bias last, to order[0..used). */
static void descend(const Table *t, double *w, double *alpha, uint32_t *order, size_t used, uint64_t state) {
  for (size_t k = 0; k < used; k++) alpha[k] = t->p->c / 2;
  for (size_t k = 0; k < used; k++) {
    const float *x = t->x + (size_t)order[k] * t->dim;
    double y = t->other[order[k]] ? 1 : -1;
    for (uint32_t d = 0; d < t->dim; d++) w[d] += y * alpha[k] * (double)x[d];
    w[t->dim] += y * alpha[k];
  }
  for (unsigned pass = 0; pass < t->p->passes; pass++) {
    for (size_t k = used; k > 1; k--) {
      size_t j = (size_t)(next_of(&state) % k);
      uint32_t o = order[k - 1];
      double a = alpha[k - 1];
      order[k - 1] = order[j], order[j] = o;
      alpha[k - 1] = alpha[j], alpha[j] = a;
    }
    for (size_t k = 0; k < used; k++) {
      const float *x = t->x + (size_t)order[k] * t->dim;
      double y = t->other[order[k]] ? 1 : -1, q = 1;
      for (uint32_t d = 0; d < t->dim; d++) q += (double)x[d] * (double)x[d];
      double z = train_multiplier(q, alpha[k], y * (w[t->dim] + dot(w, x, t->dim)), t->p->c), step = y * (z - alpha[k]);
      alpha[k] = z;
      for (uint32_t d = 0; d < t->dim; d++) w[d] += step * (double)x[d];
      w[t->dim] += step;
    }
  }
}

static int run_fold(void *ctx, size_t begin, size_t end, int worker) {
  Table *t = ctx;
  (void)worker;
  for (size_t fold = begin; fold < end; fold++) {
    double *w = calloc((size_t)t->dim + 1, sizeof *w), *alpha = malloc((t->n + 1) * sizeof *alpha);
    uint32_t *order = malloc((t->n + 1) * sizeof *order);
    Scored *s = malloc((t->n + 1) * sizeof *s);
    size_t used = 0, held = 0, others = 0;
    int good = w != NULL && alpha != NULL && order != NULL && s != NULL;
    for (size_t i = 0; good && i < t->n; i++)
      if (t->fold[i] != fold) {
        order[used++] = (uint32_t)i;
        others += t->other[i];
      }
    if (good && others > 0 && others < used) {
      descend(t, w, alpha, order, used, t->p->seed + fold);
      for (size_t i = 0; i < t->n; i++)
        if (t->fold[i] == fold) s[held++] = (Scored){ dot(w, t->x + i * t->dim, t->dim), t->other[i] };
      t->auc[fold] = area(s, held);
    }
    free(w);
    free(alpha);
    free(order);
    free(s);
    if (!good) return -1;
  }
  return 0;
}

/* ---- */

static int fill(Table *t, const TellItem *item, size_t n, Tell *out) {
  double *mean = calloc((size_t)t->dim + 1, sizeof *mean);
  float *room = malloc(((size_t)t->dim + 1) * sizeof *room);
  t->x = spill_alloc((n * t->dim + 1) * sizeof *t->x);
  t->other = malloc(n + 1);
  t->fold = malloc(n + 1);
  int good = mean != NULL && room != NULL && t->x != NULL && t->other != NULL && t->fold != NULL;
  for (size_t i = 0; good && i < n; i++) {
    uint32_t slot = item[i].vectors->slot[item[i].row];
    if (slot == VECTOR_NONE) continue;
    const float *x = vectors_get(item[i].vectors, slot, room);
    memcpy(t->x + t->n * t->dim, x, t->dim * sizeof *x);
    for (uint32_t d = 0; d < t->dim; d++) mean[d] += (double)x[d];
    t->other[t->n] = item[i].other;
    t->fold[t->n++] = item[i].fold;
    *(item[i].other ? &out->second : &out->first) += 1;
  }
  for (size_t i = 0; good && i < t->n; i++)
    for (uint32_t d = 0; d < t->dim; d++) t->x[i * t->dim + d] -= (float)(mean[d] / (double)t->n);
  free(mean);
  free(room);
  return good ? 0 : -1;
}

int tell_apart(const TellItem *item, size_t n, const TellParams *p, Pool *pool, Tell *out, Error *err) {
  Table t = { .p = p, .dim = n > 0 ? item[0].vectors->dim : 0 };
  *out = (Tell){ .auc = NAN, .error = NAN };
  for (unsigned f = 0; f < TELL_MAX_FOLDS; f++) t.auc[f] = NAN;
  int r = fill(&t, item, n, out);
  if (r == 0) r = pool_for(pool, p->folds, 1, run_fold, &t);
  double sum = 0, squares = 0;
  for (unsigned f = 0; r == 0 && f < p->folds; f++) {
    if (isnan(t.auc[f])) continue;
    out->folds++;
    sum += t.auc[f];
    squares += t.auc[f] * t.auc[f];
  }
  if (out->folds > 0) out->auc = sum / out->folds;
  if (out->folds > 1) out->error = sqrt(fmax(0, squares / out->folds - out->auc * out->auc) / (out->folds - 1));
  spill_free(t.x);
  free(t.other);
  free(t.fold);
  return r == -1 ? error_memory(err) : r;
}
