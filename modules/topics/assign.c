/* modules/topics/assign.c - see assign.h
**
** Points are taken in ranges of a fixed length. Of a range, the points whose bounds do not hold wait for the groups
** of centroids that may be nearer; those that wait for most groups are compared with all. A product over the
** waiting points leaves for each point and group the best centroid by float, and the second best. */
#include "topics/assign.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "vectors/dense.h"

enum { RANGE = 1024, WHOLE = 256 };   /* points of a range; of a product with all centroids */

typedef struct Best {
  float first, second;   /* the highest products of the group; -FLT_MAX: it was not looked at, or has no second */
  uint32_t at;           /* the centroid of the first */
} Best;

typedef struct Room {
  float *point;          /* [RANGE][dim] of the waiting points */
  float *product;        /* of one call of dense_nt */
  float *one;            /* [dim] */
  Best *best;            /* [RANGE][ngroups] */
  uint32_t *wait;        /* [ngroups + 1][RANGE] places that wait for the group; the last list: for all */
  uint32_t *nwait;       /* [ngroups + 1] */
  uint32_t *slot;        /* [RANGE] slots of a list */
  double *own;           /* [RANGE] exact cosine with the own centroid; -2: it has none */
  uint8_t *open;         /* [RANGE] waits for something */
} Room;

typedef struct Round {
  Assign *a;
  Pool *pool;
  uint32_t ngroups;
  const uint32_t *start;
  uint32_t all[2];       /* start, where there are no bounds */
  double slack;          /* a float product is no farther from the true one */
  Room *room;            /* [threads] */
  uint64_t *moved, *products;   /* [ranges], added up in their order */
} Round;

static void room_free(Room *r) {
  free(r->point);
  free(r->product);
  free(r->one);
  free(r->best);
  free(r->wait);
  free(r->nwait);
  free(r->slot);
  free(r->own);
  free(r->open);
}

static int room_new(Room *r, const Round *round) {
  uint32_t k = round->a->c->k, dim = round->a->v->dim, g = round->ngroups, widest = 0;
  for (uint32_t i = 0; i < g; i++) {
    uint32_t width = round->start[i + 1] - round->start[i];
    if (width > widest) widest = width;
  }
  size_t products = (size_t)RANGE * widest > (size_t)WHOLE * k ? (size_t)RANGE * widest : (size_t)WHOLE * k;
  *r = (Room){ malloc((size_t)RANGE * dim * sizeof(float)), malloc(products * sizeof(float)),
               malloc(dim * sizeof(float)), malloc((size_t)RANGE * g * sizeof(Best)),
               malloc((size_t)RANGE * (g + 1) * sizeof(uint32_t)), malloc((g + 1) * sizeof(uint32_t)),
               malloc(RANGE * sizeof(uint32_t)), malloc(RANGE * sizeof(double)), malloc(RANGE) };
  return r->point && r->product && r->one && r->best && r->wait && r->nwait && r->slot && r->own && r->open ? 0 : -1;
}

static uint32_t slot_of(const Assign *a, size_t i) { return a->slot != NULL ? a->slot[i] : (uint32_t)i; }

static double exact(const Round *r, Room *room, size_t i, uint32_t c) {
  return centroids_cosine(r->a->c, c, r->a->v, slot_of(r->a, i), room->one);
}

/* The angle of a cosine, wide enough for all rounding on the way: acos has no end of slope at 1. */
static double angle_above(double cosine) { return acos(cosine - 1e-12 < -1 ? -1 : cosine - 1e-12) + 1e-12; }
static double angle_below(double cosine) {
  return cosine + 1e-12 >= 1 ? 0 : acos(cosine < -1 ? -1 : cosine + 1e-12) - 1e-12;
}

static float down(double x) { return nextafterf((float)x, -FLT_MAX); }

/* ---- who waits for what ---- */

/* Do the bounds say that point i stays? Else which groups it waits for. */
static int waits(Round *r, Room *room, size_t i, uint32_t place) {
  Assign *a = r->a;
  Bounds *b = a->b;
  float *least = b->least + i * r->ngroups;
  uint32_t own = a->of[i], open = 0;
  double bound = b->own[i] += b->drift[own];
  for (uint32_t g = 0; g < r->ngroups; g++) {
    least[g] = down((double)least[g] - b->group_drift[g]);
    open += (double)least[g] <= bound;
  }
  if (open == 0) return 0;
  room->own[place] = exact(r, room, i, own);
  bound = b->own[i] = angle_above(room->own[place]);
  if (a->cosine != NULL) a->cosine[i] = room->own[place];
  open = 0;
  for (uint32_t g = 0; g < r->ngroups; g++) open += (double)least[g] <= bound;
  if (open == 0) return 0;
  for (uint32_t g = 0; g < r->ngroups && 2 * open <= r->ngroups; g++)
    if ((double)least[g] <= bound) room->wait[(size_t)g * RANGE + room->nwait[g]++] = place;
  if (2 * open > r->ngroups) room->wait[(size_t)r->ngroups * RANGE + room->nwait[r->ngroups]++] = place;
  return 1;
}

static void sort_out(Round *r, Room *room, size_t begin, size_t end) {
  for (uint32_t g = 0; g <= r->ngroups; g++) room->nwait[g] = 0;
  for (size_t i = begin; i < end; i++) {
    uint32_t place = (uint32_t)(i - begin);
    for (uint32_t g = 0; g < r->ngroups; g++)
      room->best[(size_t)place * r->ngroups + g] = (Best){ -FLT_MAX, -FLT_MAX, KMEANS_NONE };
    room->own[place] = -2;
    if (r->a->b != NULL && r->a->of[i] != KMEANS_NONE) {
      room->open[place] = (uint8_t)waits(r, room, i, place);
    } else {
      room->open[place] = 1;
      room->wait[(size_t)r->ngroups * RANGE + room->nwait[r->ngroups]++] = place;
    }
  }
}

/* ---- products ---- */

static Best best_of(const float *product, uint32_t n, uint32_t first) {
  Best b = { -FLT_MAX, -FLT_MAX, first };
  for (uint32_t c = 0; c < n; c++) {
    if (product[c] > b.first) b.second = b.first, b.first = product[c], b.at = first + c;
    else if (product[c] > b.second) b.second = product[c];
  }
  return b;
}

/* Waiting points place[0..n) with the centroids of groups [from, to). */
static void compare(Round *r, Room *room, size_t begin, const uint32_t *place, uint32_t n, uint32_t from, uint32_t to) {
  const Centroids *c = r->a->c;
  uint32_t dim = c->dim, first = r->start[from], width = r->start[to] - first;
  for (uint32_t i = 0; i < n; i++) room->slot[i] = slot_of(r->a, begin + place[i]);
  vectors_block(r->a->v, room->slot, 0, n, room->point);
  dense_nt(n, width, dim, room->point, dim, c->x + (size_t)first * dim, dim, room->product, width);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t g = from; g < to; g++)
      room->best[(size_t)place[i] * r->ngroups + g] =
        best_of(room->product + (size_t)i * width + (r->start[g] - first), r->start[g + 1] - r->start[g], r->start[g]);
}

static uint64_t compare_all(Round *r, Room *room, size_t begin) {
  uint64_t products = 0;
  for (uint32_t g = 0; g < r->ngroups; g++) {
    if (room->nwait[g] == 0) continue;
    compare(r, room, begin, room->wait + (size_t)g * RANGE, room->nwait[g], g, g + 1);
    products += (uint64_t)room->nwait[g] * (r->start[g + 1] - r->start[g]);
  }
  const uint32_t *whole = room->wait + (size_t)r->ngroups * RANGE;
  uint32_t n = room->nwait[r->ngroups];
  for (uint32_t i = 0; i < n; i += WHOLE)
    compare(r, room, begin, whole + i, n - i < WHOLE ? n - i : WHOLE, 0, r->ngroups);
  return products + (uint64_t)n * r->a->c->k;
}

/* ---- the decision ---- */

/* Takes centroid c if it is nearer, or as near and of a lower number. */
static void consider(Round *r, Room *room, size_t i, uint32_t c, uint32_t *at, double *cosine) {
  if (c == *at) return;
  double x = exact(r, room, i, c);
  if (x > *cosine || (x == *cosine && c < *at)) *cosine = x, *at = c;
}

static void decide(Round *r, Room *room, size_t i, uint32_t place, uint32_t *at, double *cosine) {
  const Best *best = room->best + (size_t)place * r->ngroups;
  double inverse = r->a->v->inverse[slot_of(r->a, i)], floor = *cosine;
  for (uint32_t g = 0; g < r->ngroups; g++) {
    double sure = ((double)best[g].first - r->slack) * inverse;
    if (sure > floor) floor = sure;
  }
  for (uint32_t g = 0; g < r->ngroups; g++) {
    if (((double)best[g].first + r->slack) * inverse < floor) continue;
    if (((double)best[g].second + r->slack) * inverse < floor) consider(r, room, i, best[g].at, at, cosine);
    else for (uint32_t c = r->start[g]; c < r->start[g + 1]; c++) consider(r, room, i, c, at, cosine);
  }
}

/* What the products say of the groups that were looked at; and of the group of the centroid that was left. */
static void bounds_after(Round *r, Room *room, size_t i, uint32_t place, uint32_t was, uint32_t is, double cosine) {
  Bounds *b = r->a->b;
  float *least = b->least + i * r->ngroups;
  const Best *best = room->best + (size_t)place * r->ngroups;
  double inverse = r->a->v->inverse[slot_of(r->a, i)];
  b->own[i] = angle_above(cosine);
  for (uint32_t g = 0; g < r->ngroups; g++) {
    if (best[g].at == KMEANS_NONE) continue;
    float other = best[g].at == is ? best[g].second : best[g].first;
    least[g] = other == -FLT_MAX ? 1e30f : down(angle_below(((double)other + r->slack) * inverse));
  }
  if (was == is || was == KMEANS_NONE) return;
  uint32_t g = b->group[was];
  float left = down(angle_below(room->own[place]));
  if (left < least[g]) least[g] = left;
}

static int assign_range(void *ctx, size_t begin, size_t end, int worker) {
  Round *r = ctx;
  Assign *a = r->a;
  Room *room = &r->room[worker];
  sort_out(r, room, begin, end);
  uint64_t moved = 0;
  r->products[begin / RANGE] = compare_all(r, room, begin);
  for (size_t i = begin; i < end; i++) {
    uint32_t place = (uint32_t)(i - begin), was = a->of[i], at = was;
    if (!room->open[place]) continue;
    double cosine = room->own[place];
    if (a->b == NULL) at = KMEANS_NONE;
    decide(r, room, i, place, &at, &cosine);
    if (a->b != NULL) bounds_after(r, room, i, place, was, at, cosine);
    if (a->cosine != NULL) a->cosine[i] = cosine;
    a->of[i] = at;
    moved += at != was;
  }
  r->moved[begin / RANGE] = moved;
  return 0;
}

int assign_round(Assign *a, Pool *pool) {
  int threads = pool != NULL ? pool_threads(pool) : 1, made = 0, code = -1;
  size_t ranges = (a->n + RANGE - 1) / RANGE;
  Round r = { .a = a, .ngroups = a->b != NULL ? a->b->ngroups : 1, .all = { 0, a->c->k },
              /* gamma_n of any order of summation, for lengths a little over 1, and the centroids' own rounding */
              .slack = 1.01 * (a->v->dim + 16) * (double)(FLT_EPSILON / 2),
              .room = calloc((size_t)threads, sizeof *r.room), .moved = calloc(ranges + 1, sizeof *r.moved),
              .products = calloc(ranges + 1, sizeof *r.products) };
  r.start = a->b != NULL ? a->b->start : r.all;
  a->moved = a->products = 0;
  if (r.room != NULL && r.moved != NULL && r.products != NULL) {
    while (made < threads && room_new(&r.room[made], &r) == 0) made++;
    if (made == threads) code = pool_for(pool, a->n, RANGE, assign_range, &r);
    for (int i = 0; i < made + (made < threads); i++) room_free(&r.room[i]);
  }
  for (size_t i = 0; i < ranges && code == 0; i++) a->moved += r.moved[i], a->products += r.products[i];
  free(r.room);
  free(r.moved);
  free(r.products);
  return code;
}
