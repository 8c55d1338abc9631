/* modules/neardup/index.c - see index.h: how an index is made. */
#include "neardup/index.h"

#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

#include "core/spill.h"
#include "export/ordered.h"
#include "neardup/index_format.h"

enum { LEVEL = 1 };   /* of zstd: what a run can spare */

/* ---- rows as they are kept ---- */

typedef struct RowReader { Scratch *scratch; Grams text; ZSTD_CCtx *zstd; Buf raw; } RowReader;

typedef struct Writing {
  const View *view;
  uint32_t *row;        /* [n] standing ones */
  size_t n;
  const IndexSpec *spec;
  RowReader *reader;    /* [threads] */
  int threads;
  uint32_t *length;     /* [n] */
  uint8_t *present;     /* [n] */
  IndexBlock *block;    /* [blocks]; NULL: the texts stay in memory */
  const uint64_t *start;   /* [n + 1] and */
  char *text;              /* where they go then; NULL: they are only measured */
} Writing;

static void writing_free(Writing *w) {
  for (int t = 0; w->reader != NULL && t < w->threads; t++) {
    scratch_free(w->reader[t].scratch);
    grams_free(&w->reader[t].text);
    ZSTD_freeCCtx(w->reader[t].zstd);
    buf_free(&w->reader[t].raw);
  }
  free(w->reader);
  free(w->row);
  spill_free(w->length);
  spill_free(w->present);
  free(w->block);
}

static int writing_init(Writing *w, const View *v, const IndexSpec *spec, int compress, Pool *pool, Error *err) {
  *w = (Writing){ .view = v, .n = v->standing, .spec = spec,
                  .threads = pool != NULL ? pool_threads(pool) : 1 };
  w->row = malloc((w->n + 1) * sizeof *w->row);
  w->reader = calloc((size_t)w->threads, sizeof *w->reader);
  w->length = spill_alloc((w->n + 1) * sizeof *w->length);
  w->present = spill_alloc(w->n + 1);
  if (compress) w->block = calloc(w->n / INDEX_ROWS + 1, sizeof *w->block);
  int bad = w->row == NULL || w->reader == NULL || w->length == NULL || w->present == NULL ||
            (compress && w->block == NULL);
  for (int t = 0; !bad && t < w->threads; t++) {
    w->reader[t].scratch = scratch_new(t);
    if (compress) w->reader[t].zstd = ZSTD_createCCtx();
    bad = w->reader[t].scratch == NULL || (compress && w->reader[t].zstd == NULL);
  }
  if (bad) {
    writing_free(w);
    return error_memory(err);
  }
  view_standing(v, w->row);
  return 0;
}

/* The folded text of row i in r->text, and which fields it has. 0, or -1 with err worded. */
static int read_row(Writing *w, size_t i, RowReader *r, Error *err) {
  Row row = scratch_begin(r->scratch, w->view, w->row[i]);
  unsigned present = 0;
  grams_begin(&r->text, 1, 0);
  for (unsigned f = 0; f < FIELD_COUNT; f++) {
    Span text = { 0 };
    if (!(w->spec->fields >> f & 1)) continue;
    if (turns_field(&row, (Field)f, w->spec->turns, &text) != 0) return error_memory(err);
    if (text.ptr == NULL) continue;
    present |= 1u << f;
    if (grams_field(&r->text, text) != 0) return error_memory(err);
  }
  if (scratch_failed(r->scratch)) return error_memory(err);
  if (r->text.len > UINT32_MAX) return error_set(err, "a row has more than 4 GiB of text: no index can hold it");
  w->length[i] = (uint32_t)r->text.len;
  w->present[i] = (uint8_t)present;
  return 0;
}

static int pack_block(void *ctx, size_t begin, size_t end, int worker, Buf *out, Error *err) {
  Writing *w = ctx;
  RowReader *r = &w->reader[worker];
  r->raw.len = 0;
  for (size_t i = begin; i < end; i++) {
    if (read_row(w, i, r, err) != 0) return -1;
    if (buf_add(&r->raw, r->text.text, r->text.len) != 0) return error_memory(err);
  }
  if (buf_reserve(out, ZSTD_compressBound(r->raw.len)) != 0) return error_memory(err);
  size_t packed = ZSTD_compressCCtx(r->zstd, out->ptr + out->len, out->cap - out->len,
                                    buf_span(&r->raw).ptr, r->raw.len, LEVEL);
  if (ZSTD_isError(packed)) return error_set(err, "zstd: %s", ZSTD_getErrorName(packed));
  w->block[begin / INDEX_ROWS] = (IndexBlock){ packed, r->raw.len, XXH3_64bits(out->ptr + out->len, packed) };
  out->len += packed;
  return 0;
}

/* ---- the file ---- */

static int put(Buf *b, uint64_t v, unsigned bytes) {
  char le[8];
  for (unsigned i = 0; i < bytes; i++) le[i] = (char)(v >> 8 * i & 0xFF);
  return buf_add(b, le, bytes);
}

static int put_string(Buf *b, Span s) { return put(b, s.len, 4) != 0 || buf_add(b, s.ptr, s.len) != 0 ? -1 : 0; }

/* The tables as they are before they are compressed. 0, or -1 if out of memory. */
static int lay_tables(const Writing *w, Buf *b) {
  const IndexSpec *spec = w->spec;
  const Corpus *c = w->view->corpus;
  size_t blocks = (w->n + INDEX_ROWS - 1) / INDEX_ROWS;
  int bad = put_string(b, spec->dataset) != 0 || put_string(b, spec->run) != 0 || put(b, c->nsources, 4) != 0;
  for (size_t s = 0; !bad && s < c->nsources; s++) bad = put_string(b, span_str(c->sources[s].path)) != 0;
  for (size_t k = 0; !bad && k < blocks; k++)
    bad = put(b, w->block[k].packed, 8) != 0 || put(b, w->block[k].raw, 8) != 0 || put(b, w->block[k].check, 8) != 0;
  for (size_t i = 0; !bad && i < w->n; i++) bad = put(b, w->length[i], 4) != 0;
  for (size_t i = 0; !bad && i < w->n; i++) bad = put(b, c->rows[w->row[i]].line, 4) != 0;
  for (size_t i = 0; !bad && i < w->n; i++) bad = put(b, c->rows[w->row[i]].source, 2) != 0;
  return bad || buf_add(b, w->present, w->n) != 0 ? -1 : 0;
}

static int lay_head(Buf *b) {
  return buf_add(b, INDEX_MAGIC, 8) != 0 || put(b, INDEX_VERSION, 4) != 0 || put(b, INDEX_FOLD, 4) != 0 ? -1 : 0;
}

/* Tables and footer, ready for the file, in b. */
static int lay_end(const Writing *w, Buf *b, Error *err) {
  Buf raw = { 0 }, head = { 0 };
  uint64_t at = INDEX_HEAD, text = 0;
  for (size_t k = 0; k * INDEX_ROWS < w->n; k++) at += w->block[k].packed;
  for (size_t i = 0; i < w->n; i++) text += w->length[i];
  int bad = lay_tables(w, &raw) != 0 || buf_reserve(b, ZSTD_compressBound(raw.len)) != 0 || lay_head(&head) != 0;
  size_t packed = bad ? 0 : ZSTD_compress(b->ptr, b->cap, raw.ptr, raw.len, LEVEL);
  bad |= ZSTD_isError(packed) != 0;
  if (!bad) b->len = packed;
  size_t footer = b->len;
  bad = bad || put(b, at, 8) != 0 || put(b, packed, 8) != 0 || put(b, raw.len, 8) != 0 ||
        put(b, XXH3_64bits(b->ptr, packed), 8) != 0 || put(b, w->n, 8) != 0 || put(b, text, 8) != 0 ||
        put(b, w->spec->fields, 4) != 0 ||
        put(b, (uint64_t)w->spec->turns.which | (uint64_t)w->spec->turns.tail << 4, 4) != 0 ||
        buf_add(&head, b->ptr + footer, b->len - footer) != 0 || put(b, XXH3_64bits(head.ptr, head.len), 8) != 0;
  buf_free(&raw);
  buf_free(&head);
  return bad ? error_memory(err) : 0;
}

static int write_all(Writing *w, FileWriter *file, Pool *pool, Error *err) {
  Buf b = { 0 };
  int r = lay_head(&b) != 0 ? error_memory(err) : file_write(file, b.ptr, b.len, err);
  if (r == 0) r = ordered_write(pool, w->n, INDEX_ROWS, pack_block, w, file, err);
  b.len = 0;
  if (r == 0) r = lay_end(w, &b, err);
  if (r == 0) r = file_write(file, b.ptr, b.len, err);
  buf_free(&b);
  return r;
}

int index_write(const View *v, const IndexSpec *spec, const char *path, unsigned mode, Pool *pool,
                FileSum *sum, Error *err) {
  Writing w;
  if (writing_init(&w, v, spec, 1, pool, err) != 0) return -1;
  FileWriter *file = file_create(path, mode, err);
  int r = file == NULL ? -1 : write_all(&w, file, pool, err);
  writing_free(&w);
  if (r == 0) return file_finish(file, sum, err);
  file_abort(file);
  return r;
}

/* ---- in memory ---- */

/* Measures rows, or, once there is a place for them, puts their texts there. */
static int take_rows(void *ctx, size_t begin, size_t end, int worker) {
  Writing *w = ctx;
  RowReader *r = &w->reader[worker];
  for (size_t i = begin; i < end; i++) {
    if (read_row(w, i, r, NULL) != 0) return -1;
    if (w->text != NULL) memcpy(w->text + w->start[i], r->text.text, r->text.len);
  }
  return 0;
}

static int fill_index(Index *x, Writing *w, Pool *pool) {
  int r = pool_for(pool, w->n, INDEX_ROWS, take_rows, w);
  if (r != 0) return r;
  x->start[0] = 0;
  for (size_t i = 0; i < w->n; i++) x->start[i + 1] = x->start[i] + w->length[i];
  x->text = spill_alloc(x->start[w->n] + 1);
  if (x->text == NULL) return -1;
  w->start = x->start;
  w->text = x->text;
  memcpy(x->present, w->present, w->n);
  return pool_for(pool, w->n, INDEX_ROWS, take_rows, w);
}

int index_set_places(Index *x, const IndexPlace *place, const Span *paths, size_t npaths, Error *err) {
  char **source = calloc(npaths + 1, sizeof *source);
  int bad = source == NULL;
  for (size_t s = 0; !bad && s < npaths; s++) bad = (source[s] = strndup(paths[s].ptr, paths[s].len)) == NULL;
  if (bad) {
    for (size_t s = 0; source != NULL && s < npaths; s++) free(source[s]);
    free(source);
    return error_memory(err);
  }
  for (size_t s = 0; s < x->nsources; s++) free(x->source[s]);
  free(x->source);
  x->source = source;
  x->nsources = npaths;
  memcpy(x->place, place, x->n * sizeof *place);
  return 0;
}

static int place_rows(Index *x, const Writing *w, Error *err) {
  const Corpus *c = w->view->corpus;
  IndexPlace *place = malloc((w->n + 1) * sizeof *place);
  Span *paths = malloc((c->nsources + 1) * sizeof *paths);
  int r = place == NULL || paths == NULL ? error_memory(err) : 0;
  for (size_t i = 0; r == 0 && i < w->n; i++)
    place[i] = (IndexPlace){ c->rows[w->row[i]].source, c->rows[w->row[i]].line };
  for (size_t s = 0; r == 0 && s < c->nsources; s++) paths[s] = span_str(c->sources[s].path);
  if (r == 0) r = index_set_places(x, place, paths, c->nsources, err);
  free(place);
  free(paths);
  return r;
}

int index_of_view(Index *x, const View *v, const IndexSpec *spec, Pool *pool, Error *err) {
  Writing w;
  *x = (Index){ 0 };
  if (writing_init(&w, v, spec, 0, pool, err) != 0) return -1;
  x->fields = spec->fields;
  x->turns = spec->turns;
  int r = index_room(x, w.n);
  x->dataset = strndup(spec->dataset.ptr, spec->dataset.len);
  x->run = strndup(spec->run.ptr, spec->run.len);
  if (r == 0) r = x->dataset == NULL || x->run == NULL ? -1 : fill_index(x, &w, pool);
  if (r != 0 && r != POOL_INTERRUPTED) error_memory(err);
  if (r == 0) r = place_rows(x, &w, err);
  writing_free(&w);
  if (r != 0) index_free(x);
  return r;
}
