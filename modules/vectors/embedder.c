/* modules/vectors/embedder.c - see embedder.h */
#include "vectors/embedder.h"

#include <stdlib.h>

#include "core/buf.h"
#include "corpus/row.h"

enum { GRAIN = 64 };   /* rows a chunk */

uint32_t vectors_rows(const View *view, uint32_t *out) {
  uint32_t n = 0;
  for (uint32_t row = 0; row < view->corpus->nrows; row++) {
    const Verdict *d = view_verdict(view, row);
    if (d == NULL || d->kind == EVIDENCE_TWIN) out[n++] = row;
  }
  return n;
}

int vectors_text(const Row *row, unsigned fields, Buf *buf, Span *text) {
  *text = (Span){ 0 };
  size_t parts = 0;
  for (int f = 0; f < FIELD_COUNT; f++) {
    if ((fields >> f & 1) == 0) continue;
    Span s = row_field(row, (Field)f);
    if (s.len == 0) continue;
    if (parts++ == 0) {
      *text = s;
      continue;
    }
    if (parts == 2) {
      buf->len = 0;
      if (buf_add(buf, text->ptr, text->len) != 0) return -1;
    }
    if (buf_char(buf, '\n') != 0 || buf_add(buf, s.ptr, s.len) != 0) return -1;
  }
  if (parts > 1) *text = buf_span(buf);
  return 0;
}

/* ---- the walk ---- */

typedef struct Worker {
  Scratch *scratch;
  void *room;
  float *x;
  Buf text;
} Worker;

typedef struct Walk {
  const View *view;
  const Embedder *embedder;
  unsigned fields;
  Vectors *vectors;
  Worker *worker;
  int threads;
} Walk;

static int embed_rows(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  Worker *own = &w->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Row row = scratch_begin(own->scratch, w->view, w->vectors->row[i]);
    Span text;
    if (vectors_text(&row, w->fields, &own->text, &text) != 0 || scratch_failed(own->scratch)) return -1;
    if (w->embedder->embed(w->embedder, own->room, text, own->x) != 0) return -1;
    vectors_put(w->vectors, (uint32_t)i, own->x);
  }
  return 0;
}

static void workers_free(Walk *w) {
  for (int i = 0; w->worker != NULL && i < w->threads; i++) {
    scratch_free(w->worker[i].scratch);
    w->embedder->room_free(w->worker[i].room);
    free(w->worker[i].x);
    buf_free(&w->worker[i].text);
  }
  free(w->worker);
}

static int workers_make(Walk *w) {
  w->worker = calloc((size_t)w->threads, sizeof *w->worker);
  for (int i = 0; w->worker != NULL && i < w->threads; i++) {
    Worker *own = &w->worker[i];
    own->scratch = scratch_new(i);
    own->room = w->embedder->room_new(w->embedder);
    own->x = malloc((size_t)w->embedder->dim * sizeof *own->x);
    if (!own->scratch || !own->room || !own->x) return -1;
  }
  return w->worker == NULL ? -1 : 0;
}

int vectors_embed(const View *view, Embedder *e, unsigned fields, VectorKind kind, const uint32_t *rows, uint32_t n,
                  Pool *pool, Vectors **out, Error *err) {
  *out = NULL;
  uint32_t *own = NULL;
  if (rows == NULL) {
    rows = own = malloc(((size_t)view->corpus->nrows + 1) * sizeof *own);
    if (own == NULL) return error_memory(err);
    n = vectors_rows(view, own);
  }
  Walk w = { .view = view, .embedder = e, .fields = fields, .threads = pool == NULL ? 1 : pool_threads(pool) };
  int r = vectors_new(&w.vectors, view->corpus->nrows, rows, n, e->dim, kind, e->name);
  free(own);
  if (r == 0) r = workers_make(&w);
  if (r == 0) r = pool_for(pool, n, GRAIN, embed_rows, &w);
  workers_free(&w);
  if (r == 0) {
    vectors_close(w.vectors);
    w.vectors->meaning = e->meaning;
    w.vectors->embedder = embedder_ref(e);
    *out = w.vectors;
    return 0;
  }
  vectors_unref(w.vectors);
  if (r != POOL_INTERRUPTED) return error_memory(err);
  if (err != NULL) err->text[0] = '\0';
  return -1;
}
