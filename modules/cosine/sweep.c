/* modules/cosine/sweep.c - see sweep.h */
#include "cosine/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cosine/bytes.h"

enum { BLOCK = 192, RUN_BYTES = 256 * 1024, TRIALS = 96 };

/* A row of the block that reaches a cell, and the positions of that cell's rows that it may meet. */
typedef struct Reach { uint32_t cell, row; float along; uint32_t low, high; } Reach;

typedef struct SweepRoom {
  float *few;            /* [groups of a block][width][PANEL_FEW], or as many bytes by fours */
  Reach *reach;          /* [reaches] of capacity, in the order of the centres' scan; */
  Reach *sorted;         /* by cell */
  size_t reaches, capacity;
  uint32_t *count;       /* [k + 1] */
  PanelHit hit[PANEL_MOST];
  SweepCounts counts;
} SweepRoom;

typedef struct SweepUnit { uint32_t cell, begin, end; } SweepUnit;

typedef struct Sweep {
  const Cells *c;            /* as given, or: */
  Cells flat;                /* the same rows as one cell, where cells rule too little out */
  uint32_t all[2];
  double bound;
  SimdPath path;
  Bytes bytes;           /* panel NULL: products are of floats */
  int32_t least_sum;
  float least[PANEL_LANES];   /* bound of a float product */
  float *least_centre;       /* [k in panels] what a row must have with a centre to meet any row of its cell */
  SweepUnit *unit;
  size_t units, run;         /* panels that are held against all rows of a block before the next are */
  SweepFn fn;
  void *ctx;
  SweepRoom **room;          /* [threads] */
} Sweep;

/* ---- which cells ---- */

static int add_reach(SweepRoom *room, Reach reach) {
  if (room->reaches == room->capacity) {
    const size_t capacity = room->capacity * 2 + 1024;
    Reach *r = realloc(room->reach, capacity * sizeof *r);
    if (r == NULL) return -1;
    room->reach = r;
    r = realloc(room->sorted, capacity * sizeof *r);
    if (r == NULL) return -1;
    room->sorted = r;
    room->capacity = capacity;
  }
  room->reach[room->reaches++] = reach;
  return 0;
}

/* Six rows against the centres of their own cell and all later ones. */
static int reach_cells(const Sweep *s, SweepRoom *room, const uint32_t *position, uint32_t n, uint32_t cell) {
  const Cells *c = s->c;
  const size_t panels = panels_of(c->k);
  cells_few(c, position, n, room->few);
  for (size_t p = cell / PANEL_LANES, some; p < panels; p += some) {
    some = panels - p < PANEL_MOST_PANELS ? panels - p : PANEL_MOST_PANELS;
    const size_t hits = panels_reach(s->path, room->few, n, c->centre + p * PANEL_LANES * c->width, some, c->width,
                                    s->least_centre + p * PANEL_LANES, PANEL_LANES, room->hit);
    for (size_t h = 0; h < hits; h++) {
      const uint32_t other = (uint32_t)(p * PANEL_LANES) + room->hit[h].many;
      if (other < cell) continue;
      if (add_reach(room, (Reach){ other, position[room->hit[h].few], room->hit[h].product, 0, 0 }) != 0) return -1;
    }
  }
  return 0;
}

static int reach_all(const Sweep *s, SweepRoom *room, const SweepUnit *u) {
  room->reaches = 0;
  for (uint32_t at = u->begin; at < u->end; at += PANEL_FEW) {
    uint32_t position[PANEL_FEW], n = u->end - at < PANEL_FEW ? u->end - at : PANEL_FEW;
    for (uint32_t i = 0; i < n; i++) position[i] = at + i;
    if (s->c->k > 1 && reach_cells(s, room, position, n, u->cell) != 0) return -1;
    for (uint32_t i = 0; s->c->k == 1 && i < n; i++)
      if (add_reach(room, (Reach){ 0, at + i, 1, 0, 0 }) != 0) return -1;
  }
  memset(room->count, 0, (s->c->k + (size_t)1) * sizeof *room->count);
  for (size_t i = 0; i < room->reaches; i++) room->count[room->reach[i].cell + 1]++;
  for (uint32_t k = 0; k < s->c->k; k++) room->count[k + 1] += room->count[k];
  for (size_t i = 0; i < room->reaches; i++) room->sorted[room->count[room->reach[i].cell]++] = room->reach[i];
  return 0;
}

/* ---- which rows ---- */

/* The first position of begin .. end whose product with the centre is below x (or at it, if `also`). */
static uint32_t first_below(const float *along, uint32_t begin, uint32_t end, double x, int also) {
  while (begin < end) {
    const uint32_t mid = begin + (end - begin) / 2;
    if (along[mid] > x || (!also && along[mid] == x)) begin = mid + 1;
    else end = mid;
  }
  return begin;
}

static void find_ring(const Sweep *s, Reach *r) {
  const Cells *c = s->c;
  uint32_t begin = c->start[r->cell], end = c->start[r->cell + 1];
  if (c->k > 1) {
    double low, high;
    cells_ring(r->along, s->bound, c->error, &low, &high);
    begin = first_below(c->along, begin, end, high, 1);
    end = first_below(c->along, begin, end, low, 0);
  }
  r->low = begin > r->row ? begin : r->row + 1;
  r->high = end;
}

static int by_low(const void *a, const void *b) {
  const Reach *x = a, *y = b;
  if (x->low != y->low) return x->low < y->low ? -1 : 1;
  if (x->high != y->high) return x->high < y->high ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

typedef struct Group { const Reach *reach; uint32_t n, low, high; int32_t each[PANEL_FEW]; } Group;

static int tell(const Sweep *s, SweepRoom *room, int worker, const Group *g, size_t panel, size_t hits) {
  const double more = s->bytes.panel != NULL ? s->bytes.slack + 1e-6 : s->c->error;
  for (size_t h = 0; h < hits; h++) {
    const uint32_t a = g->reach[room->hit[h].few].row, b = (uint32_t)(panel * PANEL_LANES) + room->hit[h].many;
    if (b < g->low || b >= g->high || b <= a) continue;
    room->counts.reached++;
    const int r = s->fn(s->ctx, worker, a, b, room->hit[h].product + more);
    if (r != 0) return r;
  }
  return 0;
}

/* Where the few of group g lie. */
static float *few_at(const Sweep *s, const SweepRoom *room, size_t g) {
  return room->few + g * PANEL_FEW * (s->bytes.panel != NULL ? s->bytes.quads : s->c->width);
}

static size_t reach_panels(const Sweep *s, SweepRoom *room, const Group *g, const float *few, size_t panel, size_t n) {
  if (s->bytes.panel != NULL)
    return bytes_reach(1, &s->bytes, (const uint32_t *)(const void *)few, s->least_sum, g->each, g->n, panel, n,
                       room->hit);
  return panels_reach(s->path, few, g->n, s->c->panel + panel * PANEL_LANES * s->c->width, n, s->c->width, s->least, 0,
                      room->hit);
}

/* Groups of six against the panels that their rings cover, a run of panels after the other. */
static int hold(const Sweep *s, SweepRoom *room, int worker, const Group *group, size_t groups, uint32_t low,
                uint32_t high) {
  const size_t last = panels_of(high);
  for (size_t from = low / PANEL_LANES; from < last; from += s->run) {
    for (size_t g = 0; g < groups; g++) {
      size_t p = group[g].low / PANEL_LANES, to = panels_of(group[g].high);
      if (p < from) p = from;
      if (to > from + s->run) to = from + s->run;
      if (p >= to) continue;
      const size_t hits = reach_panels(s, room, &group[g], few_at(s, room, g), p, to - p);
      const int r = hits > 0 ? tell(s, room, worker, &group[g], p, hits) : 0;
      if (r != 0) return r;
    }
  }
  return 0;
}

/* The rows reach[0..n) of a block with those of one cell. */
static int meet_cell(const Sweep *s, SweepRoom *room, int worker, Reach *reach, size_t n) {
  Group group[BLOCK / PANEL_FEW + 1];
  size_t groups = 0, m = 0;
  uint32_t low = UINT32_MAX, high = 0;
  const uint32_t end = s->c->start[reach[0].cell + 1], begin = s->c->start[reach[0].cell];
  for (size_t i = 0; i < n; i++) {
    const uint32_t first = begin > reach[i].row ? begin : reach[i].row + 1;
    find_ring(s, &reach[i]);
    room->counts.by_cluster -= end - first;
    room->counts.by_annulus += end - first;
    if (reach[i].low < reach[i].high) reach[m++] = reach[i];
  }
  qsort(reach, m, sizeof *reach, by_low);
  for (size_t i = 0; i < m; i += PANEL_FEW) {
    Group *g = &group[groups];
    *g = (Group){ .reach = reach + i, .n = m - i < PANEL_FEW ? (uint32_t)(m - i) : PANEL_FEW, .low = reach[i].low };
    uint32_t position[PANEL_FEW];
    for (uint32_t k = 0; k < g->n; k++) {
      position[k] = g->reach[k].row;
      if (g->reach[k].high > g->high) g->high = g->reach[k].high;
    }
    for (uint32_t k = 0; k < g->n; k++) {
      const uint32_t from = g->low > position[k] ? g->low : position[k] + 1, taken = g->high - from;
      room->counts.by_annulus -= taken;
      room->counts.taken += taken;
    }
    float *few = few_at(s, room, groups++);
    if (s->bytes.panel == NULL) cells_few(s->c, position, g->n, few);
    else bytes_few(&s->bytes, position, g->n, s->least_sum, (uint32_t *)(void *)few, g->each);
    if (g->low < low) low = g->low;
    if (g->high > high) high = g->high;
  }
  return hold(s, room, worker, group, groups, low, high);
}

static int sweep_unit(const Sweep *s, SweepRoom *room, int worker, const SweepUnit *u) {
  int r = reach_all(s, room, u);
  for (uint32_t i = u->begin; i < u->end; i++) room->counts.by_cluster += s->c->n - 1 - i;
  for (size_t i = 0, end; r == 0 && i < room->reaches; i = end) {
    for (end = i + 1; end < room->reaches && room->sorted[end].cell == room->sorted[i].cell;) end++;
    r = meet_cell(s, room, worker, room->sorted + i, end - i);
    if (r == 0 && interrupt_pending()) r = POOL_INTERRUPTED;
  }
  return r;
}

/* ---- the whole ---- */

static SweepRoom *new_room(const Cells *c) {
  SweepRoom *room = calloc(1, sizeof *room);
  if (room == NULL) return NULL;
  room->few = malloc((BLOCK / PANEL_FEW + 1) * (size_t)PANEL_FEW * c->width * sizeof *room->few);
  room->count = malloc((c->k + (size_t)1) * sizeof *room->count);
  return room;
}

static void free_room(SweepRoom *room) {
  if (room == NULL) return;
  free(room->few);
  free(room->reach);
  free(room->sorted);
  free(room->count);
  free(room);
}

static int sweep_some(void *ctx, size_t begin, size_t end, int worker) {
  const Sweep *s = ctx;
  if (s->room[worker] == NULL) s->room[worker] = new_room(s->c);
  SweepRoom *room = s->room[worker];
  if (room == NULL || room->few == NULL || room->count == NULL) return -1;
  for (size_t u = begin; u < end; u++) {
    const int r = sweep_unit(s, room, worker, &s->unit[u]);
    if (r != 0) return r;
  }
  return 0;
}

static float below(double x) { return nextafterf((float)x, -4); }

static int bound_centres(Sweep *s) {
  const Cells *c = s->c;
  const size_t lanes = panels_of(c->k) * PANEL_LANES;
  s->least_centre = malloc(lanes * sizeof *s->least_centre);
  if (s->least_centre == NULL) return -1;
  for (size_t k = 0; k < lanes; k++) {
    double low = INFINITY, high;
    if (k < c->k && c->start[k + 1] > c->start[k])
      cells_ring(c->along[c->start[k + 1] - 1], s->bound, c->error, &low, &high);
    s->least_centre[k] = below(low - c->error);
  }
  return 0;
}

/* Of a row with a cell that it reaches, and of a product of floats for each of its numbers. */
static const double REACH_NS = 150, NUMBER_NS = 0.02;

double sweep_number_ns(SimdPath path) { return bytes_pay(path) ? NUMBER_NS / 4 : NUMBER_NS; }

/* Would cells spare more than they cost? Some rows, spread over all, are held against all cells. 1, 0; -1 out of
** memory. */
static int is_worth(const Sweep *s) {
  const Cells *c = s->c;
  SweepRoom *room = new_room(c);
  double spared = 0;
  int r = room == NULL || room->few == NULL || room->count == NULL ? -1 : 0;
  for (uint32_t i = 0; r == 0 && i < TRIALS; i++) {
    uint32_t position = (uint32_t)(((uint64_t)i * 2 + 1) * c->n / (2 * TRIALS));
    room->reaches = 0;
    r = reach_cells(s, room, &position, 1, 0);
    spared += c->n * sweep_number_ns(s->path) * c->width;
    for (size_t k = 0; r == 0 && k < room->reaches; k++) {
      Reach *reach = &room->reach[k];
      reach->row = 0;
      find_ring(s, reach);
      spared -= REACH_NS + (reach->high - reach->low) * NUMBER_NS * c->width;
    }
  }
  free_room(room);
  return r != 0 ? r : spared > 0;
}

static int lay_units(Sweep *s) {
  const Cells *c = s->c;
  s->unit = malloc((c->n / BLOCK + (size_t)c->k + 1) * sizeof *s->unit);
  if (s->unit == NULL) return -1;
  for (uint32_t k = 0; k < c->k; k++)
    for (uint32_t at = c->start[k]; at < c->start[k + 1]; at += BLOCK) {
      const uint32_t end = c->start[k + 1] - at < BLOCK ? c->start[k + 1] : at + BLOCK;
      s->unit[s->units++] = (SweepUnit){ k, at, end };
    }
  return 0;
}

static void set_bounds(Sweep *s) {
  const size_t row = s->bytes.panel != NULL ? 4 * (size_t)s->bytes.quads : s->c->width * sizeof(float);
  const size_t panel = PANEL_LANES * row;
  s->run = RUN_BYTES / panel;
  if (s->run < 1) s->run = 1;
  if (s->run > PANEL_MOST_PANELS) s->run = PANEL_MOST_PANELS;
  for (int l = 0; l < PANEL_LANES; l++) s->least[l] = below(s->bound - s->c->error);
  if (s->bytes.panel != NULL) s->least_sum = bytes_least(&s->bytes, s->bound);
}

static int run_sweep(Sweep *s, Pool *pool, SweepCounts *counts) {
  int r = bound_centres(s), worth = 0;
  if (r == 0 && s->c->k > 1) worth = is_worth(s);
  if (worth < 0) r = -1;
  if (worth == 0) {
    s->all[1] = s->c->n;
    s->flat = *s->c;
    s->flat.k = 1;
    s->flat.start = s->all;
    s->c = &s->flat;
  }
  counts->cells = worth ? s->c->k : 0;
  if (r == 0 && worth == 0 && bytes_pay(s->path)) r = bytes_make(&s->bytes, s->c, pool);
  if (r == 0) {
    set_bounds(s);
    r = lay_units(s);
  }
  if (r == 0) r = pool_for(pool, s->units, 1, sweep_some, s);
  bytes_free(&s->bytes);
  return r;
}

int sweep_pairs(const Cells *c, double bound, SimdPath path, Pool *pool, SweepFn fn, void *ctx, SweepCounts *counts) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  Sweep s = { .c = c, .bound = bound, .path = path, .fn = fn, .ctx = ctx,
              .room = calloc((size_t)threads, sizeof(SweepRoom *)) };
  *counts = (SweepCounts){ 0 };
  int r = s.room == NULL ? -1 : run_sweep(&s, pool, counts);
  for (int t = 0; s.room != NULL && t < threads; t++) {
    if (s.room[t] == NULL) continue;
    counts->by_cluster += s.room[t]->counts.by_cluster;
    counts->by_annulus += s.room[t]->counts.by_annulus;
    counts->taken += s.room[t]->counts.taken;
    counts->reached += s.room[t]->counts.reached;
    free_room(s.room[t]);
  }
  free(s.room);
  free(s.least_centre);
  free(s.unit);
  return r;
}
