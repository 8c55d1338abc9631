/* modules/cosine/leaders.c - cosine_leaders (search.h): a block of rows after the other, in visiting order, is held
** against the heads of the rows kept so far, and of the block's own; then, one row after the other, it is settled who
** of the block is kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cosine/distinct.h"
#include "cosine/pack.h"
#include "cosine/shelf.h"

enum { BLOCK = 1536, GROUPS = BLOCK / PANEL_FEW, GRAIN = 16 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* bound: what a product of heads must reach for the verdict to be asked. */
typedef struct Visitor { uint32_t place, head, twin; double best, bound; uint64_t proposed; } Visitor;

/* Pairs of a group with earlier visitors of its block. */
typedef struct Within { PanelHit *hit; size_t n, capacity; } Within;

typedef struct VisitRoom { void *few; int32_t each[GRAIN][PANEL_FEW]; PanelHit hit[PANEL_MOST]; } VisitRoom;

typedef struct Visit {
  const Vectors *v;
  const uint32_t *slot;
  double threshold;
  Distinct d;
  uint32_t *head;          /* [d.of] which head is a place's */
  uint32_t *kept_of;       /* [d.n] the kept place of those that have this head; COSINE_NONE */
  HeadSource source;
  Shelf kept, block;
  uint32_t *place;         /* [kept.n] in visiting order */
  uint32_t m;              /* visitors of this block that no kept copy settles: */
  Visitor visitor[BLOCK];
  Within within[GROUPS];
  VisitRoom **room;        /* [threads] */
  int threads;
} Visit;

/* Does a product, at most `most`, allow that this kept place is the visitor's twin? Then the verdict. */
static void hold(const Visit *s, Visitor *w, uint32_t kept, double most) {
  if (most < w->bound) return;
  w->proposed++;
  const double cosine = vectors_cosine(s->v, slot_at(s->slot, w->place), slot_at(s->slot, kept));
  if (cosine < w->best || (cosine == w->best && w->twin != COSINE_NONE)) return;
  w->best = cosine;
  w->bound = source_bound(&s->source, cosine);
  w->twin = kept;
}

static uint32_t group_size(const Visit *s, size_t g) {
  const uint32_t left = s->m - (uint32_t)g * PANEL_FEW;
  return left < PANEL_FEW ? left : PANEL_FEW;
}

/* Groups begin .. end against all rows that were kept before this block, a run of panels after the other. */
static void hold_kept(Visit *s, VisitRoom *room, size_t begin, size_t end) {
  const size_t panels = panels_of(s->kept.n), run = source_run(&s->source);
  for (size_t from = 0; from < panels; from += run) {
    const size_t some = panels - from < run ? panels - from : run;
    for (size_t g = begin; g < end; g++) {
      const size_t hits = shelf_reach(&s->kept, &s->source, few_at(&s->source, room->few, g - begin),
                                      room->each[g - begin], group_size(s, g), from, some, room->hit);
      for (size_t h = 0; h < hits; h++) {
        const uint32_t at = (uint32_t)(from * PANEL_LANES) + room->hit[h].many;
        if (at < s->kept.n)
          hold(s, &s->visitor[g * PANEL_FEW + room->hit[h].few], s->place[at], room->hit[h].product + s->source.more);
      }
    }
  }
}

static int add_within(Within *w, const PanelHit *hit) {
  if (w->n == w->capacity) {
    const size_t capacity = w->capacity * 2 + 64;
    PanelHit *more = realloc(w->hit, capacity * sizeof *more);
    if (more == NULL) return -1;
    w->hit = more;
    w->capacity = capacity;
  }
  w->hit[w->n++] = *hit;
  return 0;
}

/* A group against the visitors before it, and its own. */
static int hold_block(Visit *s, VisitRoom *room, size_t g, size_t begin) {
  const size_t panels = panels_of((g + 1) * PANEL_FEW), run = source_run(&s->source);
  Within *w = &s->within[g];
  w->n = 0;
  for (size_t from = 0; from < panels; from += run) {
    const size_t some = panels - from < run ? panels - from : run;
    const size_t hits = shelf_reach(&s->block, &s->source, few_at(&s->source, room->few, g - begin),
                                    room->each[g - begin], group_size(s, g), from, some, room->hit);
    for (size_t h = 0; h < hits; h++) {
      PanelHit hit = room->hit[h];
      hit.many += (uint32_t)(from * PANEL_LANES);
      if (hit.many < g * PANEL_FEW + hit.few && add_within(w, &hit) != 0) return -1;
    }
  }
  return 0;
}

static int hold_some(void *ctx, size_t begin, size_t end, int worker) {
  Visit *s = ctx;
  if (s->room[worker] == NULL) {
    s->room[worker] = calloc(1, sizeof(VisitRoom));
    if (s->room[worker] != NULL) s->room[worker]->few = malloc(GRAIN * few_bytes(&s->source));
  }
  VisitRoom *room = s->room[worker];
  if (room == NULL || room->few == NULL) return -1;
  for (size_t g = begin; g < end; g++) {
    uint32_t head[PANEL_FEW], n = group_size(s, g);
    for (uint32_t i = 0; i < n; i++) head[i] = s->visitor[g * PANEL_FEW + i].head;
    source_few(&s->source, head, n, few_at(&s->source, room->few, g - begin), room->each[g - begin]);
  }
  hold_kept(s, room, begin, end);
  for (size_t g = begin; g < end; g++)
    if (hold_block(s, room, g, begin) != 0) return -1;
  return interrupt_pending() ? POOL_INTERRUPTED : 0;
}

/* Visitor i, whose predecessors are settled. */
static int settle(Visit *s, uint32_t i, const uint8_t *barred, CosineLeaders *out) {
  Visitor *w = &s->visitor[i];
  const Within *in = &s->within[i / PANEL_FEW];
  const uint32_t copy = s->kept_of[w->head];
  if (copy == COSINE_NONE) {
    for (size_t h = 0; h < in->n; h++) {
      if (in->hit[h].few != i % PANEL_FEW) continue;
      const Visitor *other = &s->visitor[in->hit[h].many];
      if (s->kept_of[other->head] == other->place) hold(s, w, other->place, in->hit[h].product + s->source.more);
    }
  } else {
    w->twin = copy;
    w->best = 1;
  }
  out->figures.proposed += w->proposed;
  out->figures.pairs += s->kept.n;
  out->twin[w->place] = w->twin;
  out->cosine[w->place] = w->twin != COSINE_NONE ? w->best : NAN;
  out->rejected += w->twin != COSINE_NONE;
  if (w->twin != COSINE_NONE || (barred != NULL && barred[w->place])) return 0;
  s->place[s->kept.n] = w->place;
  s->kept_of[w->head] = w->place;
  return shelf_add(&s->kept, &s->source, w->head);
}

static int visit_all(Visit *s, const uint32_t *order, const uint8_t *barred, Pool *pool, CosineLeaders *out) {
  const uint32_t n = s->d.of;
  for (uint32_t at = 0; at < n;) {
    int r = 0;
    s->block.n = s->m = 0;
    for (; r == 0 && at < n && s->m < BLOCK; at++) {
      const uint32_t place = order != NULL ? order[at] : at, head = s->head[place];
      const uint32_t copy = s->kept_of[head];
      if (copy == COSINE_NONE) {
        const double bound = source_bound(&s->source, s->threshold);
        s->visitor[s->m++] = (Visitor){ place, head, COSINE_NONE, s->threshold, bound, 0 };
        r = shelf_add(&s->block, &s->source, head);
        continue;
      }
      out->twin[place] = copy;
      out->cosine[place] = 1;
      out->rejected++;
    }
    if (r == 0) r = pool_for(pool, (s->m + (size_t)PANEL_FEW - 1) / PANEL_FEW, GRAIN, hold_some, s);
    for (uint32_t i = 0; r == 0 && i < s->m; i++) r = settle(s, i, barred, out);
    if (r != 0) return r;
  }
  return 0;
}

static int prepare(Visit *s, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool) {
  int r = distinct_find(&s->d, s->v, slot, n, pool);
  if (r != 0) return r;
  s->head = malloc((n + (size_t)1) * sizeof *s->head);
  s->kept_of = malloc((n + (size_t)1) * sizeof *s->kept_of);
  s->place = malloc((n + (size_t)1) * sizeof *s->place);
  s->room = calloc((size_t)s->threads, sizeof *s->room);
  if (s->head == NULL || s->kept_of == NULL || s->place == NULL || s->room == NULL) return -1;
  for (uint32_t k = 0; k < s->d.n; k++) {
    s->head[s->d.place[k]] = k;
    s->kept_of[k] = COSINE_NONE;
  }
  for (uint32_t i = 0; i < n; i++) s->head[i] = s->head[s->d.like[i]];
  return source_make(&s->source, s->v, s->d.slot, s->d.n, p->threshold, p->plain, pool);
}

static int find_leaders(Visit *s, const uint32_t *slot, uint32_t n, const uint32_t *order, const uint8_t *barred,
                        const CosineParams *p, Pool *pool, CosineLeaders *out) {
  const double begun = now_s();
  CosineFigures *f = &out->figures;
  out->n = n;
  out->twin = malloc((n + (size_t)1) * sizeof *out->twin);
  out->cosine = malloc((n + (size_t)1) * sizeof *out->cosine);
  int r = out->twin == NULL || out->cosine == NULL ? -1 : prepare(s, slot, n, p, pool);
  f->prepare_s = now_s() - begun;
  if (r == 0) r = visit_all(s, order, barred, pool, out);
  f->search_s = now_s() - begun - f->prepare_s;
  f->distinct = s->d.n;
  f->products = f->pairs;
  f->by_head = f->pairs - f->proposed;
  f->head = s->source.shape.width;
  return r;
}

static void free_visit(Visit *s) {
  for (int t = 0; s->room != NULL && t < s->threads; t++) {
    if (s->room[t] != NULL) free(s->room[t]->few);
    free(s->room[t]);
  }
  for (size_t g = 0; g < GROUPS; g++) free(s->within[g].hit);
  free(s->room);
  free(s->head);
  free(s->kept_of);
  free(s->place);
  distinct_free(&s->d);
  source_free(&s->source);
  shelf_free(&s->kept);
  shelf_free(&s->block);
  free(s);
}

int cosine_leaders(const Vectors *v, const uint32_t *slot, uint32_t n, const uint32_t *order, const uint8_t *barred,
                   const CosineParams *p, Pool *pool, CosineLeaders *out, Error *err) {
  *out = (CosineLeaders){ 0 };
  Visit *s = calloc(1, sizeof *s);
  if (s == NULL) return error_memory(err);
  s->v = v;
  s->slot = slot;
  s->threshold = p->threshold;
  s->threads = pool != NULL ? pool_threads(pool) : 1;
  int r = find_leaders(s, slot, n, order, barred, p, pool, out);
  free_visit(s);
  if (r == 0) return 0;
  cosine_leaders_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void cosine_leaders_free(CosineLeaders *l) {
  free(l->twin);
  free(l->cosine);
  *l = (CosineLeaders){ 0 };
}
