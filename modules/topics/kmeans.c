/* modules/topics/kmeans.c - see kmeans.h */
#include "topics/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topics/assign.h"
#include "topics/seeds.h"

/* ---- bounds ---- */

static void bounds_free(Bounds *b) {
  free(b->start);
  free(b->group);
  free(b->drift);
  free(b->group_drift);
  free(b->own);
  free(b->least);
  *b = (Bounds){ 0 };
}

/* For n points; the groups are those of start[0..ngroups]. */
static int bounds_new(Bounds *b, uint32_t n, uint32_t k, uint32_t ngroups, const uint32_t *start) {
  *b = (Bounds){ ngroups, malloc((ngroups + 1) * sizeof *b->start), malloc(k * sizeof *b->group),
                 calloc(k, sizeof *b->drift), calloc(ngroups, sizeof *b->group_drift),
                 calloc((size_t)n, sizeof *b->own), calloc((size_t)n * ngroups, sizeof *b->least) };
  if (!b->start || !b->group || !b->drift || !b->group_drift || !b->own || !b->least) {
    bounds_free(b);
    return -1;
  }
  memcpy(b->start, start, (ngroups + 1) * sizeof *start);
  for (uint32_t g = 0; g < ngroups; g++)
    for (uint32_t c = start[g]; c < start[g + 1]; c++) b->group[c] = g;
  return 0;
}

/* ---- the rounds over one set of points ---- */

typedef struct Fit {
  const KmeansSpec *spec;
  const Vectors *v;
  Pool *pool;
  Centroids c;
  uint32_t ngroups;
  uint32_t *start;       /* [ngroups + 1] */
  uint64_t products;
} Fit;

typedef struct Lloyd {
  Fit *f;
  Assign a;
  Bounds b;
  uint32_t *was;         /* [n] the assignment before the round */
  uint32_t *size;        /* [k] */
  uint32_t *first;       /* [k + 1] where a cluster's members begin */
  uint32_t *member;      /* [n] places by cluster, ascending */
  uint8_t *touched;      /* [k] has gained or lost members */
  uint32_t rounds;
} Lloyd;

static void lloyd_free(Lloyd *l) {
  bounds_free(&l->b);
  free(l->a.of);
  free(l->was);
  free(l->size);
  free(l->first);
  free(l->member);
  free(l->touched);
  *l = (Lloyd){ 0 };
}

static int lloyd_new(Lloyd *l, Fit *f, const uint32_t *slot, uint32_t n) {
  size_t k = f->c.k;
  *l = (Lloyd){ .f = f, .a = { .c = &f->c, .v = f->v, .slot = slot, .n = n, .of = malloc(n * sizeof *l->a.of) },
                .was = malloc(n * sizeof *l->was), .size = malloc(k * sizeof *l->size),
                .first = malloc((k + 1) * sizeof *l->first), .member = malloc(n * sizeof *l->member),
                .touched = malloc(k) };
  int bounds = f->ngroups == 0 ? 0 : bounds_new(&l->b, n, f->c.k, f->ngroups, f->start);
  if (!l->a.of || !l->was || !l->size || !l->first || !l->member || !l->touched || bounds != 0) {
    lloyd_free(l);
    return -1;
  }
  if (f->ngroups > 0) l->a.b = &l->b;
  memset(l->a.of, 0xFF, n * sizeof *l->a.of);
  return 0;
}

static void count_members(Lloyd *l) {
  uint32_t k = l->f->c.k, sum = 0;
  memset(l->size, 0, k * sizeof *l->size);
  for (uint32_t i = 0; i < l->a.n; i++) l->size[l->a.of[i]]++;
  for (uint32_t c = 0; c < k; c++) l->first[c] = sum, sum += l->size[c];
  l->first[k] = sum;
  for (uint32_t i = 0; i < l->a.n; i++) l->member[l->first[l->a.of[i]]++] = i;
  for (uint32_t c = k; c > 0; c--) l->first[c] = l->first[c - 1];
  l->first[0] = 0;
}

/* ---- clusters without a point ---- */

typedef struct Far { double cosine; uint32_t place; } Far;

static int by_far(const void *x, const void *y) {
  const Far *a = x, *b = y;
  if (a->cosine != b->cosine) return a->cosine < b->cosine ? -1 : 1;
  return (a->place > b->place) - (a->place < b->place);
}

typedef struct Cosines { const Lloyd *l; double *out; float **room; } Cosines;

static int cosines_of(void *ctx, size_t begin, size_t end, int worker) {
  Cosines *c = ctx;
  const Assign *a = &c->l->a;
  for (size_t i = begin; i < end; i++)
    c->out[i] = centroids_cosine(a->c, a->of[i], a->v, a->slot != NULL ? a->slot[i] : (uint32_t)i, c->room[worker]);
  return 0;
}

/* The cosine of each point with its centroid. 0; -1; POOL_INTERRUPTED. */
static int own_cosines(const Lloyd *l, double *out) {
  Pool *pool = l->f->pool;
  int threads = pool != NULL ? pool_threads(pool) : 1;
  float *room = malloc((size_t)threads * l->f->v->dim * sizeof *room), **each = malloc((size_t)threads * sizeof *each);
  Cosines c = { l, out, each };
  int code = -1;
  if (room != NULL && each != NULL) {
    for (int t = 0; t < threads; t++) each[t] = room + (size_t)t * l->f->v->dim;
    code = pool_for(pool, l->a.n, 1024, cosines_of, &c);
  }
  free(room);
  free(each);
  return code;
}

/* Gives each empty cluster the point that is farthest from its own centroid, of those whose cluster has others. */
static int fill_empty(Lloyd *l) {
  uint32_t k = l->f->c.k, n = l->a.n, empty = 0, next = 0;
  for (uint32_t c = 0; c < k; c++) empty += l->size[c] == 0;
  if (empty == 0) return 0;
  double *cosine = malloc(n * sizeof *cosine);
  Far *far = malloc(n * sizeof *far);
  int code = cosine != NULL && far != NULL ? own_cosines(l, cosine) : -1;
  for (uint32_t i = 0; i < n && code == 0; i++) far[i] = (Far){ cosine[i], i };
  if (code == 0) qsort(far, n, sizeof *far, by_far);
  for (uint32_t c = 0; c < k && code == 0; c++) {
    if (l->size[c] > 0) continue;
    while (next < n && l->size[l->a.of[far[next].place]] < 2) next++;
    if (next == n || far[next].cosine >= 1 - 1e-7) break;   /* the rest are where their centroid is */
    uint32_t i = far[next++].place;
    l->size[l->a.of[i]]--;
    l->size[c] = 1;
    l->a.of[i] = c;
    if (l->a.b == NULL) continue;
    for (uint32_t g = 0; g < l->b.ngroups; g++) l->b.least[(size_t)i * l->b.ngroups + g] = -1;
  }
  free(cosine);
  free(far);
  return code;
}

/* ---- new centroids ---- */

enum { CHUNK = 2048 };   /* members of a sum: fixed, so that sums do not depend on threads */

typedef struct Part { uint32_t cluster, from, to; } Part;   /* members [from, to) */

typedef struct Sums {
  const Lloyd *l;
  const Part *part;
  double *sum;           /* [parts][dim] */
  float **room;
} Sums;

static int sum_parts(void *ctx, size_t begin, size_t end, int worker) {
  Sums *s = ctx;
  const Assign *a = &s->l->a;
  uint32_t dim = a->v->dim;
  for (size_t p = begin; p < end; p++) {
    double *sum = s->sum + p * dim;
    memset(sum, 0, dim * sizeof *sum);
    for (uint32_t m = s->part[p].from; m < s->part[p].to; m++) {
      uint32_t i = s->l->member[m], slot = a->slot != NULL ? a->slot[i] : i;
      const float *x = vectors_get(a->v, slot, s->room[worker]);
      double inverse = a->v->inverse[slot];
      for (uint32_t d = 0; d < dim; d++) sum[d] += (double)x[d] * inverse;
    }
  }
  return 0;
}

/* The parts of touched clusters, each at most CHUNK members, in order; how many. */
static size_t parts_of(const Lloyd *l, Part *part) {
  size_t n = 0;
  for (uint32_t c = 0; c < l->f->c.k; c++) {
    if (!l->touched[c]) continue;
    for (uint32_t from = l->first[c]; from < l->first[c + 1]; from += CHUNK) {
      uint32_t to = l->first[c + 1] - from < CHUNK ? l->first[c + 1] : from + CHUNK;
      if (part != NULL) part[n] = (Part){ c, from, to };
      n++;
    }
  }
  return n;
}

/* Puts the sums' clusters in place; drift is the angle from where a centroid was. */
static void put_sums(Lloyd *l, const Part *part, size_t n, double *sum, const float *old) {
  Centroids *c = &l->f->c;
  uint32_t dim = c->dim;
  for (size_t p = 0; p < n;) {
    size_t q = p + 1;
    for (; q < n && part[q].cluster == part[p].cluster; q++)
      for (uint32_t d = 0; d < dim; d++) sum[p * dim + d] += sum[q * dim + d];
    uint32_t at = part[p].cluster;
    centroids_put(c, at, sum + p * dim);   /* points that cancel out leave it where it was */
    if (l->a.b != NULL) {
      double cosine = vectors_cosine_of(old + (size_t)at * dim, c->x + (size_t)at * dim, dim);
      l->b.drift[at] = cosine == 1 ? 0 : acos(cosine - 1e-12 < -1 ? -1 : cosine - 1e-12) + 1e-12;
    }
    p = q;
  }
}

static void group_drifts(Bounds *b) {
  for (uint32_t g = 0; g < b->ngroups; g++) {
    b->group_drift[g] = 0;
    for (uint32_t c = b->start[g]; c < b->start[g + 1]; c++)
      if (b->drift[c] > b->group_drift[g]) b->group_drift[g] = b->drift[c];
  }
}

static int sum_all(Lloyd *l, const Part *part, size_t n, double *sum, float *room) {
  Pool *pool = l->f->pool;
  int threads = pool != NULL ? pool_threads(pool) : 1;
  float **each = malloc((size_t)threads * sizeof *each);
  if (each == NULL) return -1;
  for (int t = 0; t < threads; t++) each[t] = room + (size_t)t * l->f->v->dim;
  Sums s = { l, part, sum, each };
  int code = pool_for(pool, n, 1, sum_parts, &s);
  free(each);
  return code;
}

static int move_centroids(Lloyd *l) {
  Fit *f = l->f;
  size_t n = parts_of(l, NULL), dim = f->c.dim, k = f->c.k;
  int threads = f->pool != NULL ? pool_threads(f->pool) : 1, code = -1;
  Part *part = malloc((n + 1) * sizeof *part);
  double *sum = malloc((n * dim + 1) * sizeof *sum);
  float *room = malloc((size_t)threads * dim * sizeof *room), *old = malloc(k * dim * sizeof *old);
  if (part != NULL && sum != NULL && room != NULL && old != NULL) {
    parts_of(l, part);
    memcpy(old, f->c.x, k * dim * sizeof *old);
    if (l->a.b != NULL) memset(l->b.drift, 0, k * sizeof *l->b.drift);
    if ((code = sum_all(l, part, n, sum, room)) == 0) put_sums(l, part, n, sum, old);
    if (l->a.b != NULL) group_drifts(&l->b);
  }
  free(part);
  free(sum);
  free(room);
  free(old);
  return code;
}

static void touch(Lloyd *l) {
  memset(l->touched, 0, l->f->c.k);
  for (uint32_t i = 0; i < l->a.n; i++) {
    if (l->a.of[i] == l->was[i]) continue;
    l->touched[l->a.of[i]] = 1;
    if (l->was[i] != KMEANS_NONE) l->touched[l->was[i]] = 1;
  }
}

/* Rounds until few enough points move; the last round assigns to the centroids as they are. */
static int lloyd_run(Lloyd *l, uint32_t rounds, double settled) {
  for (;;) {
    memcpy(l->was, l->a.of, l->a.n * sizeof *l->was);
    int code = assign_round(&l->a, l->f->pool);
    if (code != 0) return code;
    l->f->products += l->a.products;
    l->rounds++;
    if (l->rounds >= rounds || (double)l->a.moved <= settled * l->a.n) return 0;
    count_members(l);
    if ((code = fill_empty(l)) != 0) return code;
    count_members(l);
    touch(l);
    if ((code = move_centroids(l)) != 0) return code;
  }
}

/* ---- groups of centroids that lie together ---- */

static int cluster_centroids(const Fit *f, uint32_t ngroups, Kmeans *out, Error *err) {
  uint32_t k = f->c.k;
  uint32_t *row = malloc(k * sizeof *row);
  uint64_t *key = malloc(k * sizeof *key);
  Vectors *v = NULL;
  int code = -1;
  for (uint32_t i = 0; i < k && row != NULL && key != NULL; i++) row[i] = i, key[i] = i;
  if (row != NULL && key != NULL && vectors_new(&v, k, row, k, f->c.dim, VECTOR_F32, "centroids") == 0) {
    for (uint32_t i = 0; i < k; i++) vectors_put(v, i, f->c.x + (size_t)i * f->c.dim);
    vectors_close(v);
    KmeansSpec spec = { .k = ngroups, .rounds = 6, .settled = 0.01, .candidates = k, .seed = f->spec->seed };
    code = v->n == k ? kmeans_fit(v, NULL, k, key, &spec, f->pool, out, err) : error_memory(err);
  } else {
    error_memory(err);
  }
  vectors_unref(v);
  free(row);
  free(key);
  return code;
}

/* Puts the centroids of a group side by side. */
static int make_groups(Fit *f, Error *err) {
  uint32_t k = f->c.k, want = f->spec->groups < k ? f->spec->groups : k, at = 0;
  f->ngroups = want > 0;
  free(f->start);
  f->start = malloc((want + 2) * sizeof *f->start);
  if (f->start == NULL) return error_memory(err);
  f->start[0] = 0, f->start[1] = k;
  if (want <= 1) return 0;
  Kmeans g;
  Centroids sorted;
  int code = cluster_centroids(f, want, &g, err);
  if (code != 0) return code;
  if (centroids_new(&sorted, k, f->c.dim) != 0) {
    kmeans_free(&g);
    return error_memory(err);
  }
  f->ngroups = g.centroids.k;
  for (uint32_t i = 0; i < f->ngroups; i++) {
    f->start[i] = at;
    for (uint32_t c = 0; c < k; c++) {
      if (g.of[c] != i) continue;
      memcpy(sorted.x + (size_t)at * f->c.dim, f->c.x + (size_t)c * f->c.dim, f->c.dim * sizeof *sorted.x);
      sorted.inverse[at++] = f->c.inverse[c];
    }
  }
  f->start[f->ngroups] = k;
  memcpy(f->c.x, sorted.x, (size_t)k * f->c.dim * sizeof *sorted.x);
  memcpy(f->c.inverse, sorted.inverse, k * sizeof *sorted.inverse);
  centroids_free(&sorted);
  kmeans_free(&g);
  return 0;
}

/* ---- the result ---- */

typedef struct Sized { uint32_t size, first, c; } Sized;

static int by_size(const void *x, const void *y) {
  const Sized *a = x, *b = y;
  if (a->size != b->size) return a->size > b->size ? -1 : 1;
  return (a->first > b->first) - (a->first < b->first);
}

/* The clusters that have points, the biggest first; number[c] is the new number of the old cluster c. */
static uint32_t order_clusters(const Lloyd *l, Sized *sized, uint32_t *number) {
  uint32_t k = l->f->c.k, n = 0;
  for (uint32_t c = 0; c < k; c++) sized[c] = (Sized){ 0, KMEANS_NONE, c };
  for (uint32_t i = l->a.n; i-- > 0;) sized[l->a.of[i]].size++, sized[l->a.of[i]].first = i;
  qsort(sized, k, sizeof *sized, by_size);
  for (uint32_t c = 0; c < k; c++) number[sized[c].c] = c, n += sized[c].size > 0;
  return n;
}

static int take_result(Lloyd *l, Kmeans *out, Error *err) {
  const Centroids *c = &l->f->c;
  Sized *sized = malloc(c->k * sizeof *sized);
  uint32_t *number = malloc(c->k * sizeof *number);
  out->n = l->a.n;
  out->of = malloc(l->a.n * sizeof *out->of);
  out->cosine = malloc(l->a.n * sizeof *out->cosine);
  uint32_t k = sized != NULL && number != NULL ? order_clusters(l, sized, number) : 0;
  out->size = malloc((k + 1) * sizeof *out->size);
  int code = k > 0 && out->of && out->cosine && out->size ? centroids_new(&out->centroids, k, c->dim) : -1;
  if (code == 0) code = own_cosines(l, out->cosine);
  for (uint32_t i = 0; i < k && code == 0; i++) {
    memcpy(out->centroids.x + (size_t)i * c->dim, c->x + (size_t)sized[i].c * c->dim, c->dim * sizeof *c->x);
    out->centroids.inverse[i] = c->inverse[sized[i].c];
    out->size[i] = sized[i].size;
  }
  for (uint32_t i = 0; i < l->a.n && code == 0; i++) {
    out->of[i] = number[l->a.of[i]];
    out->objective += out->cosine[i];
  }
  out->rounds = l->rounds;
  out->moved = (uint32_t)l->a.moved;
  out->products = l->f->products;
  free(sized);
  free(number);
  return code == -1 ? error_memory(err) : code;
}

/* ---- the whole ---- */

/* The sum of the points' cosines with their centroids. 0; -1; POOL_INTERRUPTED. */
static int objective_of(const Lloyd *l, double *objective) {
  double *cosine = malloc((size_t)l->a.n * sizeof *cosine + 1);
  int code = cosine != NULL ? own_cosines(l, cosine) : -1;
  *objective = 0;
  for (uint32_t i = 0; i < l->a.n && code == 0; i++) *objective += cosine[i];
  free(cosine);
  return code;
}

/* Rounds over the points slot[0..n), from the centroids as they are. *l is freed by the caller. */
static int rounds_over(Fit *f, const uint32_t *slot, uint32_t n, uint32_t rounds, Lloyd *l, Error *err) {
  *l = (Lloyd){ 0 };
  int code = make_groups(f, err);
  if (code != 0) return code;
  if (lloyd_new(l, f, slot, n) != 0) return error_memory(err);
  code = lloyd_run(l, rounds, f->spec->settled);
  return code == -1 ? error_memory(err) : code;
}

static int sample_rounds(Fit *f, const uint32_t *slot, uint32_t n, double *objective, Error *err) {
  Lloyd l;
  int code = rounds_over(f, slot, n, f->spec->warm_rounds, &l, err);
  if (code == 0) code = objective_of(&l, objective);
  lloyd_free(&l);
  return code;
}

static int all_rounds(Fit *f, const uint32_t *slot, uint32_t n, Kmeans *out, Error *err) {
  Lloyd l;
  int code = rounds_over(f, slot, n, f->spec->rounds, &l, err);
  if (code == 0) code = take_result(&l, out, err);
  lloyd_free(&l);
  return code;
}

static void copy_centroids(Centroids *to, const Centroids *from) {
  memcpy(to->x, from->x, (size_t)from->k * from->dim * sizeof *from->x);
  memcpy(to->inverse, from->inverse, from->k * sizeof *from->inverse);
}

/* Seeds among chosen[0..m), and rounds over chosen[0..sample), so many times: the centroids nearest to the sample
** stay. */
static int warm_up(Fit *f, const uint32_t *chosen, uint32_t m, uint32_t sample, Error *err) {
  const KmeansSpec *spec = f->spec;
  uint32_t trials = spec->trials > 0 ? spec->trials : 1, tries = spec->tries > 0 && sample > 0 ? spec->tries : 1;
  Centroids best = { 0 };
  double most = -INFINITY, objective = 0;
  int code = tries > 1 ? centroids_new(&best, f->c.k, f->c.dim) : 0;
  for (uint32_t t = 0; t < tries && code == 0; t++) {
    code = seeds_plus(&f->c, f->v, chosen, m, trials, spec->seed + t, f->pool, &f->products);
    if (code == 0 && sample > 0) code = sample_rounds(f, chosen, sample, &objective, err);
    if (code != 0 || tries == 1 || objective <= most) continue;
    copy_centroids(&best, &f->c);
    most = objective;
  }
  if (code == 0 && tries > 1) copy_centroids(&f->c, &best);
  if (code == -1) error_memory(err);
  centroids_free(&best);
  return code;
}

static int fit(Fit *f, const uint32_t *slot, uint32_t n, const uint64_t *key, Kmeans *out, Error *err) {
  const KmeansSpec *spec = f->spec;
  uint32_t m = spec->candidates > f->c.k ? spec->candidates : f->c.k, sample = spec->sample;
  if (m > n) m = n;
  if (sample > n) sample = spec->tries > 1 ? n : 0;   /* the rounds over all points are those over the sample */
  uint32_t most = m > sample ? m : sample;
  uint32_t *chosen = malloc(((size_t)most + 1) * sizeof *chosen);
  if (chosen == NULL || seeds_sample(slot, n, key, most, chosen) != 0) {
    free(chosen);
    return error_memory(err);
  }
  int code = warm_up(f, chosen, m, sample, err);
  free(chosen);
  return code != 0 ? code : all_rounds(f, slot, n, out, err);
}

int kmeans_fit(const Vectors *v, const uint32_t *slot, uint32_t n, const uint64_t *key, const KmeansSpec *spec,
               Pool *pool, Kmeans *out, Error *err) {
  Fit f = { .spec = spec, .v = v, .pool = pool };
  *out = (Kmeans){ 0 };
  err->text[0] = '\0';
  if (n == 0) return 0;
  if (centroids_new(&f.c, spec->k < n ? spec->k : n, v->dim) != 0) return error_memory(err);
  int code = fit(&f, slot, n, key, out, err);
  if (code != 0) {
    kmeans_free(out);
    if (code == POOL_INTERRUPTED) err->text[0] = '\0';
  }
  centroids_free(&f.c);
  free(f.start);
  return code != 0 ? -1 : 0;
}

void kmeans_free(Kmeans *k) {
  centroids_free(&k->centroids);
  free(k->of);
  free(k->cosine);
  free(k->size);
  *k = (Kmeans){ 0 };
}

KmeansSpec kmeans_spec(uint32_t k, uint64_t seed) {
  KmeansSpec spec = { .k = k, .rounds = 20, .settled = 0.001, .candidates = 4096, .trials = 6, .tries = 8,
                      .sample = 4096, .warm_rounds = 8, .groups = 1 + k / 32, .seed = seed };
  if (k > 16) spec.trials = 4, spec.tries = 3;
  if (k > 64) spec.trials = 2, spec.tries = 1;
  if (k >= 128) spec.sample = 32 * k;
  if (k >= 512) spec.candidates = 8 * k;
  return spec;
}

int kmeans_nearest(const Centroids *c, const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool, uint32_t *of,
                   double *cosine, Error *err) {
  Assign a = { .c = c, .v = v, .slot = slot, .n = n, .of = of, .cosine = cosine };
  memset(of, 0xFF, n * sizeof *of);
  int code = assign_round(&a, pool);
  if (code == -1) error_memory(err);
  else if (code != 0) err->text[0] = '\0';
  return code != 0 ? -1 : 0;
}
