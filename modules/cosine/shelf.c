/* modules/cosine/shelf.c - see shelf.h */
#include "cosine/shelf.h"

#include <math.h>
#include <string.h>

#include "core/spill.h"

enum { RUN_BYTES = 256 * 1024, QUAD = 4 };

static size_t panel_bytes(const HeadSource *s) {
  return PANEL_LANES * (s->bytes.panel != NULL ? (size_t)QUAD * s->bytes.quads : s->cells.width * sizeof(float));
}

int source_make(HeadSource *s, const Vectors *v, const uint32_t *slot, uint32_t n, double threshold, int plain,
                Pool *pool) {
  Heads h;
  *s = (HeadSource){ .path = simd_best() };
  int r = heads_make(&h, v, slot, n, threshold, plain, pool);
  if (r != 0) return r;
  s->shape = h;
  s->shape.x = NULL;
  r = cells_make(&s->cells, &h, 1, pool);
  if (r == 0 && bytes_pay(s->path)) r = bytes_make(&s->bytes, &s->cells, pool);
  const double bound = heads_bound(&s->shape, threshold);
  s->more = s->bytes.panel != NULL ? s->bytes.slack + 1e-6 : s->cells.error;
  for (int l = 0; l < PANEL_LANES; l++) s->least[l] = nextafterf((float)(bound - s->cells.error), -4);
  if (s->bytes.panel != NULL) s->least_sum = bytes_least(&s->bytes, bound);
  return r;
}

void source_free(HeadSource *s) {
  cells_free(&s->cells);
  bytes_free(&s->bytes);
}

size_t source_run(const HeadSource *s) {
  const size_t run = RUN_BYTES / panel_bytes(s);
  return run < 1 ? 1 : run > PANEL_MOST_PANELS ? PANEL_MOST_PANELS : run;
}

size_t few_bytes(const HeadSource *s) {
  return PANEL_FEW * sizeof(float) * (s->bytes.panel != NULL ? s->bytes.quads : s->cells.width);
}

void source_few(const HeadSource *s, const uint32_t *row, uint32_t n, void *few, int32_t *each) {
  if (s->bytes.panel != NULL) bytes_few(&s->bytes, row, n, s->least_sum, few, each);
  else cells_few(&s->cells, row, n, few);
}

/* One row of panels to another place: pieces of `piece` bytes, one of each 16. */
static void copy_row(const char *from, size_t row, char *to, size_t at, size_t panel, size_t piece) {
  from += row / PANEL_LANES * panel + row % PANEL_LANES * piece;
  to += at / PANEL_LANES * panel + at % PANEL_LANES * piece;
  for (size_t k = 0; k < panel; k += PANEL_LANES * piece) memcpy(to + k, from + k, piece);
}

int shelf_add(Shelf *shelf, const HeadSource *s, uint32_t row) {
  const size_t panel = panel_bytes(s), piece = sizeof(float);   /* four bytes, or one float */
  if (shelf->n == shelf->panels * PANEL_LANES) {
    const size_t panels = shelf->panels * 2 + 16;
    char *more = spill_resize(shelf->panel, panels * panel);
    if (more == NULL) return -1;
    memset(more + shelf->panels * panel, s->bytes.panel != NULL ? 128 : 0, (panels - shelf->panels) * panel);
    shelf->panel = more;
    shelf->panels = panels;
  }
  const char *from = s->bytes.panel != NULL ? (const char *)s->bytes.panel : (const char *)s->cells.panel;
  copy_row(from, row, shelf->panel, shelf->n++, panel, piece);
  return 0;
}

void shelf_free(Shelf *shelf) {
  spill_free(shelf->panel);
  *shelf = (Shelf){ 0 };
}

size_t shelf_reach(const Shelf *shelf, const HeadSource *s, const void *few, const int32_t *each, size_t nfew,
                   size_t panel, size_t npanels, PanelHit *hit) {
  if (s->bytes.panel != NULL) {
    Bytes b = s->bytes;
    b.panel = shelf->panel;
    return bytes_reach(1, &b, few, s->least_sum, each, nfew, panel, npanels, hit);
  }
  const float *at = (const float *)shelf->panel + panel * PANEL_LANES * s->cells.width;
  return panels_reach(s->path, few, nfew, at, npanels, s->cells.width, s->least, 0, hit);
}
