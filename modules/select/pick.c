/* modules/select/pick.c - see pick.h. A block of candidates is held against all rows that stayed before it, in
** parallel, and then, one after another, against those of its own block. */
#include "select/pick.h"

#include <math.h>
#include <stdlib.h>

#include "cosine/nearest.h"
#include "cosine/pack.h"
#include "vectors/dense.h"

enum { BLOCK = 512 };

typedef struct Choosing {
  const Vectors *v;
  const uint32_t *row;
  size_t n, wanted;
  double max, slack;
  PickRow *out;
  size_t stay;           /* rows that stay, with those that have no vector */
  uint32_t nkept;
  uint32_t *kept;        /* [nkept] slots of rows that stay; room for all */
  uint32_t *place;       /* [nkept] their places in row[] */
  float *product;        /* [BLOCK][BLOCK] of a block with itself */
} Choosing;

typedef struct Block {
  uint32_t n;
  uint32_t at[BLOCK];    /* places in row[] */
  uint32_t slot[BLOCK];
  CosineHit best[BLOCK]; /* the nearest of those kept before the block */
  uint32_t nown, own[BLOCK];   /* places in the block of those that it keeps */
} Block;

/* The nearest of the kept of this block to its candidate i; of equal ones the first. */
static CosineHit nearest_own(const Choosing *c, const Block *b, uint32_t i) {
  CosineHit best = { NAN, 0 };
  const float *product = c->product + (size_t)i * b->n;
  double top = -INFINITY;
  for (uint32_t k = 0; k < b->nown; k++)
    if (product[b->own[k]] > top) top = product[b->own[k]];
  for (uint32_t k = 0; k < b->nown; k++) {
    if (product[b->own[k]] < top - 2 * c->slack) continue;
    double cosine = vectors_cosine(c->v, b->slot[i], b->slot[b->own[k]]);
    if (isnan(best.cosine) || cosine > best.cosine) best = (CosineHit){ cosine, c->nkept - b->nown + k };
  }
  return best;
}

/* The candidates of a block, one after another. */
static void take_block(Choosing *c, Block *b) {
  for (uint32_t i = 0; i < b->n && c->stay < c->wanted; i++) {
    CosineHit near = nearest_own(c, b, i);
    if (isnan(near.cosine) || b->best[i].cosine >= near.cosine) near = b->best[i];
    int alone = isnan(near.cosine);
    c->out[b->at[i]] = (PickRow){ PICK_NEAR, alone ? 0 : c->place[near.place], near.cosine };
    if (near.cosine >= c->max) continue;   /* false for NAN */
    c->out[b->at[i]].state = PICK_KEPT;
    b->own[b->nown++] = i;
    c->place[c->nkept] = b->at[i];
    c->kept[c->nkept++] = b->slot[i];
    c->stay++;
  }
}

/* Rows without a vector stay where they stand in the order, so a block ends before one. */
static size_t next_block(Choosing *c, size_t from, Block *b) {
  size_t i = from;
  for (b->n = b->nown = 0; i < c->n && b->n < BLOCK; i++) {
    uint32_t slot = c->v->slot[c->row[i]];
    if (slot == VECTOR_NONE) {
      if (b->n > 0) break;
      c->out[i] = (PickRow){ PICK_KEPT, 0, NAN };
      c->stay++;
      return i + 1;
    }
    b->at[b->n] = (uint32_t)i;
    b->slot[b->n++] = slot;
  }
  return i;
}

static int multiply(const Choosing *c, const Block *b) {
  Pack pack;
  if (pack_whole(&pack, c->v, b->slot, b->n, NULL) != 0) return -1;
  dense_nt(b->n, b->n, pack.width, pack.x, pack.width, pack.x, pack.width, c->product, b->n);
  pack_free(&pack);
  return 0;
}

static int visit(Choosing *c, Block *b, Pool *pool, Error *err) {
  const NearestParams one = { 1, -2, 0 };
  for (size_t from = 0; from < c->n && c->stay < c->wanted;) {
    from = next_block(c, from, b);
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (b->n == 0) continue;
    for (uint32_t i = 0; i < b->n; i++) b->best[i] = (CosineHit){ NAN, 0 };
    int status = c->nkept == 0 ? 0 : cosine_nearest(c->v, c->kept, c->nkept, c->v, b->slot, b->n, &one, pool, b->best,
                                                    NULL, err);
    if (status == 0 && multiply(c, b) != 0) status = error_memory(err);
    if (status != 0) return status;
    take_block(c, b);
  }
  return 0;
}

static void count(Choosing *c, int fill, PickCounts *counts) {
  *counts = (PickCounts){ 0 };
  for (size_t i = 0; i < c->n; i++) {
    PickRow *r = &c->out[i];
    if (fill && r->state == PICK_NEAR && c->stay < c->wanted) {
      r->state = PICK_FILLED;
      c->stay++;
    }
    counts->kept += r->state == PICK_KEPT;
    counts->near += r->state == PICK_NEAR;
    counts->filled += r->state == PICK_FILLED;
    counts->behind += r->state == PICK_BEHIND;
    counts->bare += r->state == PICK_KEPT && c->v->slot[c->row[i]] == VECTOR_NONE;
  }
}

int pick_apart(const Vectors *v, const uint32_t *row, size_t n, size_t wanted, double max, int fill, Pool *pool,
                 PickRow *out, PickCounts *counts, Error *err) {
  size_t most = wanted < n ? wanted : n;
  Choosing c = { .v = v, .row = row, .n = n, .wanted = wanted, .max = max, .out = out, .slack = pack_slack(v->dim) };
  Block *b = malloc(sizeof *b);
  c.kept = malloc((most + 1) * sizeof *c.kept);
  c.place = malloc((most + 1) * sizeof *c.place);
  c.product = malloc((size_t)BLOCK * BLOCK * sizeof *c.product);
  for (size_t i = 0; i < n; i++) out[i] = (PickRow){ PICK_BEHIND, 0, NAN };
  int ready = b != NULL && c.kept != NULL && c.place != NULL && c.product != NULL;
  int status = ready ? visit(&c, b, pool, err) : error_memory(err);
  if (status == 0) count(&c, fill, counts);
  free(b);
  free(c.kept);
  free(c.place);
  free(c.product);
  return status;
}

/* The slots of rows that have one; how many. */
static uint32_t slots_of(const Vectors *v, const uint32_t *row, size_t n, uint32_t *slot) {
  uint32_t found = 0;
  for (size_t i = 0; i < n; i++)
    if (v->slot[row[i]] != VECTOR_NONE) slot[found++] = v->slot[row[i]];
  return found;
}

int pick_mean(const Vectors *v, const uint32_t *query, size_t n, const uint32_t *base, size_t nbase, int self,
               Pool *pool, double *mean, Error *err) {
  uint32_t *q = malloc((n + 1) * sizeof *q), *b = malloc((nbase + 1) * sizeof *b);
  CosineHit *hit = malloc((n + 1) * sizeof *hit);
  int status = q == NULL || b == NULL || hit == NULL ? error_memory(err) : 0;
  uint32_t nq = status == 0 ? slots_of(v, query, n, q) : 0, nb = status == 0 ? slots_of(v, base, nbase, b) : 0;
  const NearestParams one = { 1, -2, !self };
  *mean = NAN;
  if (nq > 0 && nb > 0) status = cosine_nearest(v, b, nb, v, q, nq, &one, pool, hit, NULL, err);
  double sum = 0;
  size_t found = 0;
  for (uint32_t i = 0; status == 0 && nb > 0 && i < nq; i++) {
    if (isnan(hit[i].cosine)) continue;
    sum += hit[i].cosine;
    found++;
  }
  if (found > 0) *mean = sum / (double)found;
  free(q);
  free(b);
  free(hit);
  return status;
}

VerdictList *pick_verdicts(const PickRow *out, const uint32_t *row, size_t n, size_t nrows, size_t wanted,
                            const char *field, const char *const reason[2]) {
  VerdictList *list = verdicts_new();
  if (list == NULL) return NULL;
  list->field = field[0] != '\0' ? field : NULL;
  list->measure = 1;
  list->reasons[0] = reason[0];
  list->reasons[1] = reason[1];
  list->metric_name = "nearest";
  list->metric = malloc((nrows + 1) * sizeof *list->metric);
  int bad = list->metric == NULL;
  for (size_t i = 0; !bad && i < nrows; i++) list->metric[i] = NAN;
  for (size_t i = 0; !bad && i < n; i++) {
    VerdictEntry e = { .row = row[i], .twin = PLACE_NONE, .value = (double)i + 1, .threshold = (double)wanted,
                       .reason = 1, .blob = -1 };
    list->metric[row[i]] = out[i].cosine;
    if (out[i].state == PICK_KEPT || out[i].state == PICK_FILLED) continue;
    if (out[i].state == PICK_NEAR) {
      e.twin = row[out[i].near];
      e.value = out[i].cosine;
      e.threshold = NAN;   /* of a twin it is another figure (view.h) */
      e.reason = 0;
    }
    bad = verdicts_add(list, e) != 0;
  }
  if (!bad) return list;
  verdicts_free(list);
  return NULL;
}
