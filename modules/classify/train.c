/* modules/classify/train.c - see train.h. With m(x) = the text's buckets / sqrt(n + pad), and s[b] the scale of
** bucket b, the features are s[b] m(x)[b]. What is kept is v[b] = s[b] w[b], which scoring uses, so that a step along
** one text adds  delta * s[b]^2 m(x)[b]  to it. */
#include "classify/train.h"

#include <math.h>
#include <stdlib.h>

#include "core/pool.h"

typedef struct Fit {
  const TrainText *text;
  const TrainParams *p;
  double *v, *scale;         /* [1 << bits] weights, squared scales */
  double bias;
  double *alpha, *q;         /* [n] multipliers; squared lengths */
  uint32_t *order;           /* [used] the texts that are fitted to */
  size_t n, used;
  uint32_t *bucket;          /* [nbucket] of the text at hand */
  size_t nbucket, cap;
} Fit;

static uint64_t draw(uint64_t *state) {   /* SplitMix64 */
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

/* The buckets of text i into f->bucket. 0, or -1 if out of memory. */
static int read_text(Fit *f, size_t i) {
  WordWalk w;
  f->nbucket = 0;
  words_begin(&w, f->text[i].text);
  while (words_step(&w)) {
    if (f->cap - f->nbucket < FEATURES_A_WORD) {
      size_t cap = f->cap * 2 + FEATURES_A_WORD;
      uint32_t *grown = realloc(f->bucket, cap * sizeof *grown);
      if (grown == NULL) return -1;
      f->bucket = grown;
      f->cap = cap;
    }
    f->nbucket += features_of(&w, &f->p->read.shape, f->bucket + f->nbucket);
  }
  return 0;
}

static double norm_of(const Fit *f) {
  return f->nbucket > 0 ? 1 / sqrt((double)f->nbucket + f->p->read.pad) : 0;
}

/* ---- how much a bucket tells of the label ---- */

static int find_scales(Fit *f) {
  size_t buckets = (size_t)1 << f->p->read.shape.bits;
  double *in = f->v, *out = f->scale;     /* v is not in use yet */
  double sum_in = 0, sum_out = 0;
  for (size_t b = 0; b < buckets; b++) in[b] = out[b] = f->p->smooth;
  for (size_t k = 0; k < f->used; k++) {
    const TrainText *t = &f->text[f->order[k]];
    if (read_text(f, f->order[k]) != 0) return -1;
    double one = t->weight * norm_of(f);
    for (size_t i = 0; i < f->nbucket; i++) (t->positive ? in : out)[f->bucket[i]] += one;
  }
  for (size_t b = 0; b < buckets; b++) sum_in += in[b], sum_out += out[b];
  for (size_t b = 0; b < buckets; b++) {
    double r = f->p->smooth > 0 ? log(in[b] / sum_in) - log(out[b] / sum_out) : 1;
    out[b] = r * r;
    in[b] = 0;
  }
  return 0;
}

/* ---- the descent ---- */

/* q = |x|^2 of the text at hand, equal buckets counted together; v must be 0 and is left so. */
static double squared_length(Fit *f) {
  double sum = 0;
  for (size_t i = 0; i < f->nbucket; i++) f->v[f->bucket[i]]++;
  for (size_t i = 0; i < f->nbucket; i++) {
    double *count = &f->v[f->bucket[i]];
    sum += *count * *count * f->scale[f->bucket[i]];
    *count = 0;
  }
  return 1 + sum * norm_of(f) * norm_of(f);   /* 1: the bias, a feature that all have */
}

double train_multiplier(double q, double a, double g, double c) {
  double low = -g - q * (c - a), high = -g + q * a, u = (low + high) / 2;
  for (int i = 0; i < 60 && high - low > 1e-12; i++) {
    double s = 1 / (1 + exp(-u)), f = q * (c * s - a) + g + u;
    if (f > 0) high = u;
    else low = u;
    double next = u - f / (1 + q * c * s * (1 - s));
    if (fabs(next - u) < 1e-10) break;
    u = next > low && next < high ? next : (low + high) / 2;
  }
  return c / (1 + exp(-u));
}

static int visit(Fit *f, size_t i) {
  const TrainText *t = &f->text[i];
  if (read_text(f, i) != 0) return -1;
  double y = t->positive ? 1 : -1, norm = norm_of(f), dot = 0;
  for (size_t k = 0; k < f->nbucket; k++) dot += f->v[f->bucket[k]];
  double g = y * (f->bias + norm * dot);
  double z = train_multiplier(f->q[i], f->alpha[i], g, f->p->c * t->weight), step = y * (z - f->alpha[i]);
  f->alpha[i] = z;
  f->bias += step;
  for (size_t k = 0; k < f->nbucket; k++) f->v[f->bucket[k]] += step * norm * f->scale[f->bucket[k]];
  return 0;
}

static int descend(Fit *f, Error *err) {
  uint64_t state = f->p->seed;
  for (size_t k = 0; k < f->used; k++) {
    if (read_text(f, f->order[k]) != 0) return error_memory(err);
    f->q[f->order[k]] = squared_length(f);
  }
  for (unsigned pass = 0; pass < f->p->passes; pass++) {
    for (size_t k = f->used; k > 1; k--) {
      size_t with = draw(&state) % k;
      uint32_t held = f->order[k - 1];
      f->order[k - 1] = f->order[with], f->order[with] = held;
    }
    for (size_t k = 0; k < f->used; k++) {
      if (visit(f, f->order[k]) != 0) return error_memory(err);
      if (k % 256 == 0 && interrupt_pending()) return error_set(err, "interrupted");
    }
  }
  return 0;
}

/* ---- to eight bits ---- */

/* A weight is unit * q * |q|: fine steps for the many small ones. */
static void quantise(const Fit *f, Classify *c) {
  size_t buckets = (size_t)1 << c->read.shape.bits;
  double most = 0;
  for (size_t b = 0; b < buckets; b++) most = fmax(most, fabs(f->v[b]));
  c->unit = most > 0 ? most / (127.0 * 127.0) : 1;
  for (size_t b = 0; b < buckets; b++) {
    double q = floor(sqrt(fabs(f->v[b]) / c->unit) + 0.5);
    c->weight[b] = (int8_t)(f->v[b] < 0 ? -q : q);
  }
  c->bias = f->bias;
}

static int choose_texts(Fit *f, Error *err) {
  size_t of[2] = { 0, 0 };
  for (size_t i = 0; i < f->n; i++) {
    if (f->text[i].out) continue;
    f->order[f->used++] = (uint32_t)i;
    of[f->text[i].positive != 0]++;
  }
  if (of[0] > 0 && of[1] > 0) return 0;
  return error_set(err, "a classifier needs texts of either label, got %zu with it and %zu without", of[1], of[0]);
}

static void release(Fit *f) {
  free(f->v);
  free(f->scale);
  free(f->alpha);
  free(f->q);
  free(f->order);
  free(f->bucket);
}

Classify *train_fit(const TrainText *text, size_t n, const TrainParams *p, Span header, Error *err) {
  size_t buckets = (size_t)1 << p->read.shape.bits;
  Fit f = { .text = text, .p = p, .n = n };
  f.v = calloc(buckets, sizeof *f.v);
  f.scale = calloc(buckets, sizeof *f.scale);
  f.alpha = calloc(n + 1, sizeof *f.alpha);
  f.q = calloc(n + 1, sizeof *f.q);
  f.order = calloc(n + 1, sizeof *f.order);
  Classify *c = classify_new(&p->read, header);
  int bad = !f.v || !f.scale || !f.alpha || !f.q || !f.order || !c ? error_memory(err) : choose_texts(&f, err);
  if (bad == 0 && find_scales(&f) != 0) bad = error_memory(err);
  if (bad == 0) bad = descend(&f, err);
  if (bad == 0) quantise(&f, c);
  release(&f);
  if (bad == 0) return c;
  classify_free(c);
  return NULL;
}

/* ---- calibration ---- */

typedef struct Curve { double slope, offset; } Curve;

/* The loss of the curve, its gradient g and its second derivatives h (slope-slope, slope-offset, offset-offset). */
static double loss_of(Curve k, const double *value, const uint8_t *positive, const double *weight, size_t n,
                      const double target[2], double g[2], double h[3]) {
  double sum = 0;
  g[0] = g[1] = h[0] = h[1] = h[2] = 0;
  for (size_t i = 0; i < n; i++) {
    double x = value[i], t = target[positive[i] != 0];
    if (!(x > -HUGE_VAL)) continue;
    double z = k.slope * x + k.offset, p = 1 / (1 + exp(-z)), d = weight[i] * (p - t), s = weight[i] * p * (1 - p);
    sum += weight[i] * (fmax(z, 0) - t * z + log1p(exp(-fabs(z))));
    g[0] += d * x, g[1] += d;
    h[0] += s * x * x, h[1] += s * x, h[2] += s;
  }
  return sum;
}

int train_calibrate(Classify *c, const double *value, const uint8_t *positive, const double *weight, size_t n,
                    Error *err) {
  double of[2] = { 0, 0 }, g[2], h[3], g2[2], h2[3];
  for (size_t i = 0; i < n; i++)
    if (value[i] > -HUGE_VAL) of[positive[i] != 0] += weight[i];
  if (!(of[0] > 0) || !(of[1] > 0)) return error_set(err, "a calibration needs texts of either label");
  const double target[2] = { 1 / (of[0] + 2), (of[1] + 1) / (of[1] + 2) };
  Curve k = { 0, log((of[1] + 1) / (of[0] + 1)) };
  double loss = loss_of(k, value, positive, weight, n, target, g, h);
  for (int i = 0; i < 100; i++) {
    double a = h[0] + 1e-9, b = h[1], d = h[2] + 1e-9, det = a * d - b * b, step = 1;
    double ds = -(d * g[0] - b * g[1]) / det, dof = -(a * g[1] - b * g[0]) / det;
    if (fabs(g[0]) < 1e-7 && fabs(g[1]) < 1e-7) break;
    for (; step > 1e-8; step /= 2) {      /* Newton's step, halved until it helps */
      Curve next = { k.slope + step * ds, k.offset + step * dof };
      double l = loss_of(next, value, positive, weight, n, target, g2, h2);
      if (l >= loss) continue;
      k = next, loss = l;
      memcpy(g, g2, sizeof g);
      memcpy(h, h2, sizeof h);
      break;
    }
    if (step <= 1e-8) break;
  }
  c->slope = k.slope, c->offset = k.offset;
  return 0;
}
