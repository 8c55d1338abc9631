/* modules/vectors/from_file.c - see from_file.h */
#include "vectors/from_file.h"

#include <stdlib.h>

#include "corpus/json.h"
#include "vectors/embedder.h"

enum { GRAIN = 256 };   /* rows a chunk */

typedef struct Walk {
  const View *view;
  const FromFile *from;
  uint32_t *first;      /* [nsources] the corpus row with which a source begins */
  uint32_t *at;         /* [nrows] place of a row's id among the ids; NULL without ids */
  Vectors *vectors;
  float *room;          /* [threads][dim] */
  Buf *text;            /* [threads] */
} Walk;

/* May a row's line be read as a JSON object, though perhaps not as one of its format? */
static int is_object(RowState s) {
  return s == ROW_OK || s == ROW_MISSING_FIELD || s == ROW_FIELD_TYPE || s == ROW_DUPLICATE_KEY ||
         s == ROW_LONE_SURROGATE;
}

static int find_ids(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  const Corpus *c = w->view->corpus;
  for (size_t row = begin; row < end; row++) {
    w->at[row] = IDS_NONE;
    if (!is_object(corpus_row_state(c, (uint32_t)row))) continue;
    JsonValue root = json_value(corpus_row_bytes(c, (uint32_t)row)), v = json_path(&root, w->from->id);
    Span id;
    if (ids_of_value(&v, &w->text[worker], &id) != 0) return -1;
    if (id.ptr != NULL) w->at[row] = ids_find(w->from->ids, id);
  }
  return 0;
}

static int fill(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  const FromFile *from = w->from;
  float *x = w->room + (size_t)worker * w->vectors->dim;
  for (size_t i = begin; i < end; i++) {
    uint32_t row = w->vectors->row[i];
    uint16_t source = w->view->corpus->rows[row].source;
    const ArrayFile *file = from->file[from->nfiles > 1 ? source : 0];
    uint64_t at = w->at != NULL ? w->at[row] : from->nfiles > 1 ? row - w->first[source] : row;
    if (at >= file->rows) continue;      /* IDS_NONE is past every array */
    array_file_row(file, at, x);
    vectors_put(w->vectors, (uint32_t)i, x);
  }
  return 0;
}

/* How many of the ids no row has. */
static int count_unmatched(const Walk *w, FromFile *from) {
  uint8_t *used = calloc(from->ids->n + 1, 1);
  if (used == NULL) return -1;
  for (uint32_t row = 0; row < w->view->corpus->nrows; row++)
    if (w->at[row] != IDS_NONE) used[w->at[row]] = 1;
  for (size_t i = 0; i < from->ids->n; i++) from->unmatched += !used[i];
  free(used);
  return 0;
}

static void find_firsts(Walk *w) {
  const Corpus *c = w->view->corpus;
  uint32_t at = 0;
  for (size_t s = 0; s < c->nsources; s++) {
    w->first[s] = at;
    at += (uint32_t)c->sources[s].rows;
  }
}

static int make(Walk *w, Pool *pool, uint32_t dim) {
  const Corpus *c = w->view->corpus;
  size_t threads = (size_t)(pool == NULL ? 1 : pool_threads(pool));
  uint32_t *rows = malloc(((size_t)c->nrows + 1) * sizeof *rows);
  w->first = malloc((c->nsources + 1) * sizeof *w->first);
  w->room = malloc(threads * dim * sizeof *w->room);
  w->text = calloc(threads, sizeof *w->text);
  w->at = w->from->ids != NULL ? malloc(((size_t)c->nrows + 1) * sizeof *w->at) : NULL;
  int bad = !rows || !w->first || !w->room || !w->text || (w->from->ids != NULL && !w->at);
  if (!bad) {
    find_firsts(w);
    uint32_t n = vectors_rows(w->view, rows);
    bad = vectors_new(&w->vectors, c->nrows, rows, n, dim, w->from->kind, w->from->name);
  }
  free(rows);
  return bad ? -1 : 0;
}

static void clear(Walk *w, Pool *pool) {
  size_t threads = (size_t)(pool == NULL ? 1 : pool_threads(pool));
  for (size_t i = 0; w->text != NULL && i < threads; i++) buf_free(&w->text[i]);
  free(w->first);
  free(w->room);
  free(w->text);
  free(w->at);
}

int vectors_from_file(const View *view, FromFile *from, Pool *pool, Vectors **out, Error *err) {
  Walk w = { .view = view, .from = from };
  *out = NULL;
  from->unmatched = 0;
  int r = make(&w, pool, from->file[0]->dim);
  if (r == 0 && from->ids != NULL) {
    r = pool_for(pool, view->corpus->nrows, GRAIN, find_ids, &w);
    if (r == 0) r = count_unmatched(&w, from);
  }
  if (r == 0) r = pool_for(pool, w.vectors->n, GRAIN, fill, &w);
  clear(&w, pool);
  if (r == 0) {
    vectors_close(w.vectors);
    w.vectors->meaning = 1;
    *out = w.vectors;
    return 0;
  }
  vectors_unref(w.vectors);
  if (r != POOL_INTERRUPTED) return error_memory(err);
  if (err != NULL) err->text[0] = '\0';
  return -1;
}
