/* modules/corpus/reader.c - corpus_load: sources become rows, see reader.h.
**
**   open each source (source.c)  ->  choose its format (detect.c)  ->  cut all into blocks
**   blocks in parallel:  line -> json_check -> format_walk -> RowRec, StringRef, identity
**   each block, once all before it are in:  appended to the corpus, line numbers made whole
**
** A worker keeps what it finds in room of its own; the append is in order of blocks under one
** lock, so the tables are the same for any number of threads and nothing is held twice for long. */
#include "corpus/reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/spill.h"
#include "corpus/identity.h"
#include "corpus/names.h"
#include "corpus/source.h"

#ifndef BLOCK_SIZE
#define BLOCK_SIZE (1 << 20)      /* bytes; small under test, so that edges are common */
#endif
#ifndef BLOCK_RECORDS
#define BLOCK_RECORDS 1024        /* of a table */
#endif

enum { PADDING = 64, STOP_LIMIT = 1 };
static const uint64_t default_max_line = 64ull << 20;

/* The rows of one block, or of what a worker reads just now. Lines count from 0 in the block. */
typedef struct Batch {
  RowRec *rows;
  Hash128 *identity;
  StringRef *strings;
  RowFault *faults;               /* by row of the batch */
  size_t nrows, rows_cap, nstrings, strings_cap, nfaults, faults_cap;
  uint32_t lines;                 /* rows and blank lines */
  uint32_t judged, misfit;        /* rows that are objects; those that have not the format's fields */
  uint32_t not_utf8;
  int done;
} Batch;

typedef struct Block { uint32_t source; uint64_t begin, end; Batch batch; } Block;   /* batch: while it waits */

typedef struct Worker {
  JsonDoc doc;
  FormatRow row;
  char ragged[80];                /* what is wrong with a record of a table */
  Batch batch;
} Worker;

/* What is only known of a source while it is read. */
typedef struct Tally {
  uint64_t lines, judged, misfit, not_utf8;
  uint32_t fault_name;
  uint8_t fault_state;
} Tally;

typedef struct Load {
  const LoadOptions *o;
  uint64_t max_line;
  Corpus *c;
  Error *source_err;              /* [nsources] */
  Block *block;
  size_t nblocks;
  Worker *worker;                 /* [threads] */
  Tally *tally;                   /* [nsources] */
  pthread_mutex_t lock;           /* guards all below and the corpus' tables */
  size_t next;                    /* first block not yet appended */
  size_t rows_cap, strings_cap, faults_cap;
  int limited;                    /* the limit is reached */
  Error err;
} Load;

/* ---- arrays that grow ---- */

/* Room for `need` of `size` bytes each, by a quarter more; resize is realloc or spill_resize. */
static int grow_by(void *(*resize)(void *, size_t), void *array, size_t *cap, size_t need, size_t size) {
  if (need <= *cap) return 0;
  size_t more = *cap + *cap / 4 + 64;
  if (more < need) more = need;
  void *old;
  memcpy(&old, array, sizeof old);
  void *now = resize(old, more * size);
  if (now == NULL) return -1;
  memcpy(array, &now, sizeof now);
  *cap = more;
  return 0;   // cppcheck-suppress memleak ; *array owns it
}

static int grow(void *array, size_t *cap, size_t need, size_t size) {
  return grow_by(realloc, array, cap, need, size);
}
/* A table of the corpus: past the budget of memory it lies in a file. */
static int grow_table(void *array, size_t *cap, size_t need, size_t size) {
  return grow_by(spill_resize, array, cap, need, size);
}

static int grow_rows(Batch *b, size_t need) {
  size_t cap = b->rows_cap;
  if (need <= cap) return 0;
  if (grow(&b->identity, &cap, need, sizeof *b->identity) != 0) return -1;
  return grow(&b->rows, &b->rows_cap, need, sizeof *b->rows);
}

static void batch_free(Batch *b) {
  free(b->rows);
  free(b->identity);
  free(b->strings);
  free(b->faults);
  *b = (Batch){ 0 };
}

/* ---- one row ---- */

static RowState state_of(JsonStatus s) {
  return s == JSON_MALFORMED ? ROW_MALFORMED : s == JSON_NOT_UTF8 ? ROW_NOT_UTF8 : ROW_TOO_DEEP;
}

/* Judges a row: state, fault and, if it fits, its strings in w->row. -1: out of memory. */
static int judge(const Load *ld, Worker *w, const Source *s, Span text) {
  FormatRow *row = &w->row;
  row->nstrings = 0;
  row->name = NULL;
  row->offset = 0;
  if (text.len > ld->max_line) {
    row->state = ROW_TOO_LONG;
    row->offset = (uint32_t)ld->max_line;
    return 0;
  }
  JsonStatus status = json_check(&w->doc, text, PADDING);
  if (status == JSON_NO_MEMORY) return -1;
  if (status == JSON_OK) return format_walk(s->fmt, text, &w->doc, row);
  row->state = state_of(status);
  row->offset = (uint32_t)w->doc.fault;
  return 0;
}

static int note_fault(const Load *ld, Worker *w) {
  Batch *b = &w->batch;
  if (grow(&b->faults, &b->faults_cap, b->nfaults + 1, sizeof *b->faults) != 0) return -1;
  uint32_t name = w->row.name == NULL ? NAME_NONE : names_intern(ld->c->names, span_str(w->row.name));
  if (name == NAME_FAIL) return -1;
  b->faults[b->nfaults++] = (RowFault){ (uint32_t)b->nrows, w->row.offset, (uint8_t)w->row.state, name };
  return 0;
}

/* Adds one row to the worker's batch. ragged: a record of a table that is none. -1: out of memory. */
static int add_row(const Load *ld, Worker *w, uint32_t source, Span text, uint32_t line, int ragged) {
  const Source *s = &ld->c->sources[source];
  Batch *b = &w->batch;
  if (judge(ld, w, s, text) != 0) return -1;
  if (ragged && w->row.state != ROW_TOO_LONG) {
    if (csv_fault(text, &s->impl->records, w->ragged, sizeof w->ragged) != 0) return -1;
    w->row.state = ROW_MALFORMED;
    w->row.offset = 0;
    w->row.name = w->ragged;
    w->row.nstrings = 0;
  }
  RowState state = w->row.state;
  size_t n = w->row.nstrings;
  if (state != ROW_OK && note_fault(ld, w) != 0) return -1;
  b->not_utf8 += state == ROW_NOT_UTF8;
  b->misfit += state == ROW_MISSING_FIELD || state == ROW_FIELD_TYPE;
  b->judged += state == ROW_OK || state == ROW_MISSING_FIELD || state == ROW_FIELD_TYPE ||
               state == ROW_DUPLICATE_KEY || state == ROW_LONE_SURROGATE;
  if (grow_rows(b, b->nrows + 1) != 0) return -1;
  if (grow(&b->strings, &b->strings_cap, b->nstrings + n, sizeof *b->strings) != 0) return -1;
  if (n > 0) memcpy(b->strings + b->nstrings, w->row.string, n * sizeof *b->strings);
  b->identity[b->nrows] = row_identity(text, simd_best());
  b->rows[b->nrows++] = (RowRec){
    .offset = (uint64_t)(text.ptr - s->bytes), .len = (uint32_t)text.len, .line = line,
    .first_string = (uint32_t)b->nstrings, .nstrings = (uint16_t)n, .source = (uint16_t)source,
  };
  b->nstrings += n;
  return 0;
}

/* ---- one block ---- */

/* A block holds the lines that begin in [begin, end); the last may reach past it. */
static int read_lines(const Load *ld, Worker *w, const Block *k) {
  const Source *s = &ld->c->sources[k->source];
  const char *p = s->bytes + k->begin, *stop = s->bytes + k->end, *end = s->bytes + s->impl->stop;
  if (k->begin > s->impl->start) {
    p = memchr(p - 1, '\n', (size_t)(stop - p));   /* one that begins at `end` is the next block's */
    if (p == NULL) return 0;
    p++;
  }
  while (p < stop) {
    Span line = next_line(&p, end);
    w->batch.lines++;
    if (line_is_blank(line)) continue;
    if (line.len >= UINT32_MAX) return -2;
    if (add_row(ld, w, k->source, line, w->batch.lines, 0) != 0) return -1;
  }
  return 0;
}

static int read_records(const Load *ld, Worker *w, const Block *k) {
  const Source *s = &ld->c->sources[k->source];
  for (uint64_t i = k->begin; i < k->end; i++) {
    const Record *r = &s->impl->records.record[i];
    if (add_row(ld, w, k->source, span_of(s->bytes + r->offset, r->len), r->line, r->ragged) != 0) return -1;
  }
  return 0;
}

/* Copies what the worker found into arrays of the block's own, exactly as long as they are. */
static int keep_batch(Block *k, Batch *from) {
  Batch *b = &k->batch;
  if (grow_rows(b, from->nrows) != 0 ||
      grow(&b->strings, &b->strings_cap, from->nstrings, sizeof *b->strings) != 0 ||
      grow(&b->faults, &b->faults_cap, from->nfaults, sizeof *b->faults) != 0) return -1;
  if (from->nrows > 0) memcpy(b->rows, from->rows, from->nrows * sizeof *b->rows);
  if (from->nrows > 0) memcpy(b->identity, from->identity, from->nrows * sizeof *b->identity);
  if (from->nstrings > 0) memcpy(b->strings, from->strings, from->nstrings * sizeof *b->strings);
  if (from->nfaults > 0) memcpy(b->faults, from->faults, from->nfaults * sizeof *b->faults);
  b->nrows = from->nrows;
  b->nstrings = from->nstrings;
  b->nfaults = from->nfaults;
  b->lines = from->lines;
  b->judged = from->judged;
  b->misfit = from->misfit;
  b->not_utf8 = from->not_utf8;
  return 0;
}

/* ---- joining blocks, under the lock ---- */

static int make_room(Load *ld, const Batch *b) {
  Corpus *c = ld->c;
  size_t cap = ld->rows_cap;
  if ((uint64_t)c->nrows + b->nrows >= UINT32_MAX || c->nstrings + b->nstrings >= UINT32_MAX)
    return error_set(&ld->err, "more than 4,294,967,294 rows or strings; split the run");
  if (grow_table(&c->identity, &cap, c->nrows + b->nrows, sizeof *c->identity) != 0 ||
      grow_table(&c->rows, &ld->rows_cap, c->nrows + b->nrows, sizeof *c->rows) != 0 ||
      grow_table(&c->strings, &ld->strings_cap, c->nstrings + b->nstrings, sizeof *c->strings) != 0 ||
      grow(&c->faults, &ld->faults_cap, c->nfaults + b->nfaults, sizeof *c->faults) != 0)
    return error_memory(&ld->err);
  return 0;
}

/* Forgets what lies behind the limit, as if the source ended there. */
static void cut_batch(Load *ld, const Block *k, Batch *b, size_t keep) {
  int table = ld->c->sources[k->source].impl->table;
  if (keep < b->nrows) {
    b->nstrings = b->rows[keep].first_string;
    if (!table) b->lines = keep > 0 ? b->rows[keep - 1].line : 0;
    b->nrows = keep;
    while (b->nfaults > 0 && b->faults[b->nfaults - 1].row >= keep) b->nfaults--;
  }
  ld->limited = ld->c->limited = 1;
}

static int append(Load *ld, const Block *k, Batch *b) {
  Corpus *c = ld->c;
  Source *s = &c->sources[k->source];
  Tally *t = &ld->tally[k->source];
  if (ld->o->limit > 0 && c->nrows + b->nrows >= ld->o->limit) cut_batch(ld, k, b, ld->o->limit - c->nrows);
  if (make_room(ld, b) != 0) return -1;
  if (t->fault_state == 0)
    for (size_t i = 0; i < b->nfaults; i++) {
      uint8_t state = b->faults[i].state;
      if (state != ROW_MISSING_FIELD && state != ROW_FIELD_TYPE) continue;
      t->fault_state = state;
      t->fault_name = b->faults[i].name;
      break;
    }
  for (size_t i = 0; i < b->nrows; i++) {
    RowRec r = b->rows[i];
    if (!s->impl->table) {
      if (t->lines + r.line > UINT32_MAX) return error_set(&ld->err, "%s: more than 4,294,967,295 lines", s->path);
      r.line += (uint32_t)t->lines;
    }
    r.first_string += (uint32_t)c->nstrings;
    c->rows[c->nrows + i] = r;
  }
  if (b->nrows > 0) memcpy(c->identity + c->nrows, b->identity, b->nrows * sizeof *b->identity);
  if (b->nstrings > 0) memcpy(c->strings + c->nstrings, b->strings, b->nstrings * sizeof *b->strings);
  for (size_t i = 0; i < b->nfaults; i++) {
    c->faults[c->nfaults + i] = b->faults[i];
    c->faults[c->nfaults + i].row += c->nrows;
  }
  c->nrows += (uint32_t)b->nrows;
  c->nstrings += b->nstrings;
  c->nfaults += b->nfaults;
  s->rows += b->nrows;
  t->lines += b->lines;
  t->judged += b->judged;
  t->misfit += b->misfit;
  t->not_utf8 += b->not_utf8;
  return 0;
}

/* Appends a batch if its block is the next, and those that waited for it; else lets it wait. */
static int join(Load *ld, Block *k, Batch *b) {
  int r = 0;
  pthread_mutex_lock(&ld->lock);
  if (!ld->limited && &ld->block[ld->next] == k) {
    r = append(ld, k, b);
    ld->next++;
  } else {
    r = keep_batch(k, b);
    if (r != 0) error_memory(&ld->err);
    k->batch.done = 1;
  }
  while (r == 0 && !ld->limited && ld->next < ld->nblocks && ld->block[ld->next].batch.done) {
    Block *waited = &ld->block[ld->next++];
    r = append(ld, waited, &waited->batch);
    batch_free(&waited->batch);
  }
  if (r == 0 && ld->limited) r = STOP_LIMIT;
  pthread_mutex_unlock(&ld->lock);
  return r;
}

static int fail_load(Load *ld, const char *path, int r) {
  pthread_mutex_lock(&ld->lock);
  if (r == -2) error_set(&ld->err, "%s: a line of more than 4 GiB", path);
  else error_memory(&ld->err);
  pthread_mutex_unlock(&ld->lock);
  return -1;
}

static int read_blocks(void *ctx, size_t begin, size_t end, int worker) {
  Load *ld = ctx;
  Worker *w = &ld->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Block *k = &ld->block[i];
    const Source *s = &ld->c->sources[k->source];
    Batch *b = &w->batch;
    b->nrows = b->nstrings = b->nfaults = 0;
    b->lines = b->judged = b->misfit = b->not_utf8 = 0;
    int r = s->impl->table ? read_records(ld, w, k) : read_lines(ld, w, k);
    if (r != 0) return fail_load(ld, s->path, r);
    r = join(ld, k, b);
    if (r != 0) return r;
  }
  return 0;
}

/* ---- all blocks ---- */

static int cut_source(Load *ld, size_t *cap, uint32_t source) {
  const struct SourceImpl *impl = ld->c->sources[source].impl;
  uint64_t begin = impl->table ? 0 : impl->start, end = impl->table ? impl->records.n : impl->stop;
  uint64_t step = impl->table ? BLOCK_RECORDS : BLOCK_SIZE;
  for (; begin < end; begin += step) {
    if (grow(&ld->block, cap, ld->nblocks + 1, sizeof *ld->block) != 0) return error_memory(&ld->err);
    uint64_t to = end - begin < step ? end : begin + step;
    ld->block[ld->nblocks++] = (Block){ .source = source, .begin = begin, .end = to };
  }
  return 0;
}

static int read_all(Load *ld) {
  size_t cap = 0;
  for (size_t i = 0; i < ld->c->nsources; i++)
    if (cut_source(ld, &cap, (uint32_t)i) != 0) return -1;
  for (size_t i = 0; i < ld->c->nsources; i++) map_sequential(&ld->c->sources[i].impl->map, 1);
  int r = pool_for(ld->o->pool, ld->nblocks, 1, read_blocks, ld);
  for (size_t i = 0; i < ld->c->nsources; i++) map_sequential(&ld->c->sources[i].impl->map, 0);
  return r == STOP_LIMIT ? 0 : r;
}

/* Most rows of a source misfit, or are no UTF-8: the run must not go on without them. */
static int check_fit(Load *ld, const Source *s, const Tally *t) {
  if (ld->o->allow_misfit) return 0;
  if (t->not_utf8 * 2 > s->rows)
    return error_set(&ld->err, "%s: %d%% of the lines are not UTF-8; convert it first, for example "
                     "iconv -f latin1 -t utf-8", s->path, (int)(100 * t->not_utf8 / s->rows));
  if (t->misfit * 2 <= t->judged) return 0;
  char what[256];
  const char *name = names_text(ld->c->names, t->fault_name);
  snprintf(what, sizeof what, t->fault_state == ROW_MISSING_FIELD
             ? "%d%% of the rows do not fit the format %.40s: no \"%.60s\""
             : "%d%% of the rows do not fit the format %.40s: \"%.60s\" is not of its type",
           (int)(100 * t->misfit / t->judged), s->format, name);
  return source_misfit(s, ld->max_line, what, &ld->err);
}

static void shrink(void *array, size_t n, size_t size) {
  void *old, *now;
  memcpy(&old, array, sizeof old);
  if (old == NULL || n == 0) return;
  now = spill_resize(old, n * size);
  if (now != NULL) memcpy(array, &now, sizeof now);
}   // cppcheck-suppress memleak ; *array owns it

static int finish(Load *ld) {
  Corpus *c = ld->c;
  for (size_t i = 0; i < c->nsources; i++) {
    Source *s = &c->sources[i];
    const Tally *t = &ld->tally[i];
    s->blank = s->impl->table ? s->impl->records.blank : t->lines - s->rows;
    if (check_fit(ld, s, t) != 0) return -1;
    free(s->impl->records.record);
    s->impl->records = (Records){ 0 };
  }
  shrink(&c->rows, c->nrows, sizeof *c->rows);
  shrink(&c->identity, c->nrows, sizeof *c->identity);
  shrink(&c->strings, c->nstrings, sizeof *c->strings);
  return 0;
}

/* ---- sources ---- */

static char *copy_or_null(const char *text, int *failed) {
  if (text == NULL) return NULL;
  char *copy = strdup(text);
  if (copy == NULL) *failed = 1;
  return copy;
}

static int copy_spec(Source *s, const SourceSpec *spec) {
  int failed = 0;
  s->path = copy_or_null(spec->path, &failed);
  s->kind = copy_or_null(spec->kind, &failed);
  s->generator = copy_or_null(spec->generator, &failed);
  s->trusted = spec->trusted;
  s->attr = calloc(spec->nattr + 1, sizeof *s->attr);
  if (s->attr == NULL) return -1;
  for (; s->nattr < spec->nattr; s->nattr++) {
    s->attr[s->nattr].name = copy_or_null(spec->attr[s->nattr].name, &failed);
    s->attr[s->nattr].value = copy_or_null(spec->attr[s->nattr].value, &failed);
  }
  if (spec->format != NULL) {
    s->fmt = format_ref(spec->format);
    s->format = copy_or_null(format_name(spec->format), &failed);
  }
  return failed ? -1 : 0;
}

static int open_sources(void *ctx, size_t begin, size_t end, int worker) {
  Load *ld = ctx;
  (void)worker;
  SourceOptions so = { .spool_dir = ld->o->spool_dir, .allow_damaged = ld->o->allow_damaged };
  for (size_t i = begin; i < end; i++) {
    Source *s = &ld->c->sources[i];
    int r = source_open(s, &so, &ld->source_err[i]);
    if (r == 0 && s->fmt == NULL)
      r = source_detect(s, ld->o->formats, ld->o->nformats, ld->max_line, &ld->source_err[i]);
    if (r == 0) r = source_say_delimiter(s, &ld->source_err[i]);
    if (r != 0) return r;
  }
  return 0;
}

static int open_all(Load *ld) {
  int r = pool_for(ld->o->pool, ld->c->nsources, 1, open_sources, ld);
  for (size_t i = 0; r != 0 && r != POOL_INTERRUPTED && i < ld->c->nsources; i++)
    if (ld->source_err[i].text[0] != '\0') {
      ld->err = ld->source_err[i];
      break;
    }
  return r;
}

static int make_corpus(Load *ld) {
  const LoadOptions *o = ld->o;
  if (o->nsources > UINT16_MAX) return error_set(&ld->err, "%zu sources; at most 65,535 can be read in one run", o->nsources);
  size_t pipes = 0;
  for (size_t i = 0; i < o->nsources; i++) pipes += strcmp(o->source[i].path, "-") == 0;
  if (pipes > 1) return error_set(&ld->err, "standard input (-) is named %zu times; it can be read once", pipes);
  Corpus *c = ld->c = calloc(1, sizeof *c);
  if (c == NULL) return error_memory(&ld->err);
  c->refs = 1;
  int failed = 0;
  c->names = names_new();
  c->sources = calloc(o->nsources + 1, sizeof *c->sources);
  c->id_path = copy_or_null(o->id_path, &failed);
  ld->source_err = calloc(o->nsources + 1, sizeof *ld->source_err);
  ld->tally = calloc(o->nsources + 1, sizeof *ld->tally);
  ld->worker = calloc((size_t)pool_threads(o->pool), sizeof *ld->worker);
  if (failed || c->names == NULL || c->sources == NULL || ld->source_err == NULL || ld->tally == NULL ||
      ld->worker == NULL) return error_memory(&ld->err);
  for (; c->nsources < o->nsources; c->nsources++)
    if (copy_spec(&c->sources[c->nsources], &o->source[c->nsources]) != 0)
      return c->nsources++, error_memory(&ld->err);
  return 0;
}

static void load_free(Load *ld) {
  for (size_t i = 0; i < ld->nblocks; i++) batch_free(&ld->block[i].batch);
  for (int i = 0; ld->worker != NULL && i < pool_threads(ld->o->pool); i++) {
    json_doc_free(&ld->worker[i].doc);
    format_row_free(&ld->worker[i].row);
    batch_free(&ld->worker[i].batch);
  }
  free(ld->block);
  free(ld->worker);
  free(ld->tally);
  free(ld->source_err);
  pthread_mutex_destroy(&ld->lock);
}

Corpus *corpus_load(const LoadOptions *o, Error *err) {
  Load ld = { .o = o, .max_line = o->max_line > 0 ? o->max_line : default_max_line };
  if (ld.max_line > INT32_MAX) ld.max_line = INT32_MAX;   /* StringRef.len has 31 bits */
  pthread_mutex_init(&ld.lock, NULL);
  int r = make_corpus(&ld);
  if (r == 0) r = open_all(&ld);
  if (r == 0) r = read_all(&ld);
  if (r == 0) r = finish(&ld);
  if (err != NULL) *err = ld.err;
  if (err != NULL && r == POOL_INTERRUPTED) err->text[0] = '\0';
  load_free(&ld);
  if (r == 0) return ld.c;
  corpus_unref(ld.c);
  return NULL;
}
