/* modules/cosine/shelf.h - heads, as bytes where the machine multiplies them, from which rows are taken one by one and
** put on shelves: panels that grow, to be searched (panels.h, bytes.h). */
#ifndef TAMIS_SHELF_H
#define TAMIS_SHELF_H

#include "cosine/bytes.h"

typedef struct HeadSource {
  Heads shape;         /* what the heads are, without them */
  Cells cells;         /* one, in the order of the rows */
  Bytes bytes;         /* panel NULL: floats */
  SimdPath path;
  float least[PANEL_LANES];
  int32_t least_sum;
  double more;         /* what an exact product may have above a hit's */
} HeadSource;

/* Heads of slot[0..n) for matches at the threshold. 0; -1 if out of memory, POOL_INTERRUPTED. */
int source_make(HeadSource *s, const Vectors *v, const uint32_t *slot, uint32_t n, double threshold, int plain,
                Pool *pool);
void source_free(HeadSource *s);
static inline double source_bound(const HeadSource *s, double cosine) { return heads_bound(&s->shape, cosine); }
/* Panels that stay in the cache together. */
size_t source_run(const HeadSource *s);

/* Room for one group of few, and the g-th of several side by side. */
size_t few_bytes(const HeadSource *s);
static inline void *few_at(const HeadSource *s, void *few, size_t g) { return (char *)few + g * few_bytes(s); }
void source_few(const HeadSource *s, const uint32_t *row, uint32_t n, void *few, int32_t *each);

typedef struct Shelf { uint32_t n; size_t panels; void *panel; } Shelf;   /* rows; panels there is room for */

int shelf_add(Shelf *shelf, const HeadSource *s, uint32_t row);   /* 0; -1 if out of memory */
void shelf_free(Shelf *shelf);
/* As panels_reach; rows behind the shelf's last may be hit, too. */
size_t shelf_reach(const Shelf *shelf, const HeadSource *s, const void *few, const int32_t *each, size_t nfew,
                   size_t panel, size_t npanels, PanelHit *hit);

#endif
