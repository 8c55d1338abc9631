/* modules/export/export.c - see export.h. One pass says where each row goes; then each file is
** formatted in parallel and written in order. */
#include "export/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "core/json_out.h"
#include "export/kept.h"
#include "export/ordered.h"
#include "export/rejection.h"
#include "text/fold.h"

enum { CHUNK = 256 };

typedef struct Worker {
  Scratch *scratch;
  KeptWork kept;
} Worker;

typedef struct Export {
  const View *view;
  const ExportOptions *o;
  Pool *pool;
  ExportOutputs *outputs;
  int nworkers;
  Worker *worker;            /* [nworkers] */
  atomic_int as_turns;       /* some row needs lists of turns: then all have them */
  const char **why_not;      /* of export_check: [nrows] */
  size_t current;            /* output that is being written */
  size_t rejected, quarantined;   /* their places in outputs; EXPORT_NOWHERE: none */
} Export;

/* ---- life ---- */

static int open_workers(Export *e) {
  e->nworkers = pool_threads(e->pool);
  e->worker = calloc((size_t)e->nworkers, sizeof *e->worker);
  for (int i = 0; e->worker != NULL && i < e->nworkers; i++) {
    e->worker[i].scratch = scratch_new(i);
    if (e->worker[i].scratch == NULL) return -1;
  }
  return e->worker == NULL ? -1 : 0;
}

static void close_workers(Export *e) {
  for (int i = 0; e->worker != NULL && i < e->nworkers; i++) {
    scratch_free(e->worker[i].scratch);
    kept_work_free(&e->worker[i].kept);
  }
  free(e->worker);
}

void export_outputs_free(ExportOutputs *o) {
  if (o == NULL) return;
  for (size_t i = 0; i < o->n; i++) {
    free(o->output[i].name);
    free(o->output[i].path);
    free(o->output[i].sum.mark);
  }
  free(o->place);
  free(o->line);
  free(o);
}

static int add_output(Export *e, const char *name) {
  ExportOutputs *all = e->outputs;
  ExportOutput *out = &all->output[all->n++];
  *out = (ExportOutput){ 0 };
  if (asprintf(&out->name, "%s.jsonl", name) < 0) out->name = NULL;
  if (out->name == NULL || asprintf(&out->path, "%s/%s", e->o->dir, out->name) < 0) out->path = NULL;
  return out->path == NULL ? -1 : 0;
}

static int open_outputs(Export *e) {
  const ExportOptions *o = e->o;
  uint32_t n = e->view->corpus->nrows;
  ExportOutputs *all = e->outputs = calloc(1, sizeof *all);
  if (all == NULL) return -1;
  all->nrows = n;
  all->place = malloc(((size_t)n + 1) * sizeof *all->place);
  all->line = calloc((size_t)n + 1, sizeof *all->line);
  if (all->place == NULL || all->line == NULL) return -1;
  if (o->nsplits == 0 && add_output(e, "curated") != 0) return -1;
  for (size_t i = 0; i < o->nsplits; i++)
    if (add_output(e, o->split[i].name) != 0) return -1;
  all->nkept = all->n;
  e->rejected = e->quarantined = EXPORT_NOWHERE;
  if (o->rejected != EXPORT_REJECTED_NONE) {
    e->rejected = all->n;
    if (add_output(e, "rejected") != 0) return -1;
  }
  if (e->view->quarantined > 0) {
    e->quarantined = all->n;
    if (add_output(e, "quarantined") != 0) return -1;
  }
  return 0;
}

/* ---- where a row goes ---- */

/* The bytes that a row's split depends on: the group's value, else the folded input as read. */
static int split_bytes(Export *e, Row *r, Buf *b, Span *out) {
  Value v = { 0 };
  if (e->o->group.ptr != NULL) v = row_key(r, e->o->group);
  b->len = 0;
  if (v.type == VALUE_STRING) {
    *out = v.text;
    return 0;
  }
  if (v.type != VALUE_NONE) {
    int bad = v.type == VALUE_DOUBLE ? json_out_double(b, v.number) : json_out_int(b, v.integer);
    *out = buf_span(b);
    return bad;
  }
  *r = scratch_begin_as_read(r->scratch, r->view, r->index);
  Span input = row_field(r, FIELD_INPUT);
  if (input.ptr == NULL) input = row_bytes(r);
  char *folded = scratch_room(r->scratch, fold_room(input.len));
  if (folded == NULL) return -1;
  *out = span_of(folded, fold_text(folded, input, 0, NULL));
  return 0;
}

/* A hash of seed and value falls into [0, 1): the splits lie there side by side. */
static size_t split_of(const ExportOptions *o, Span value) {
  XXH64_hash_t h = XXH3_64bits_withSeed(value.ptr, value.len, o->seed);
  double at = (double)(h >> 11) * 0x1p-53, sum = 0;
  for (size_t i = 0; i + 1 < o->nsplits; i++) {
    sum += o->split[i].share;
    if (at < sum) return i;
  }
  return o->nsplits - 1;
}

static int place_row(Export *e, Worker *w, uint32_t row) {
  uint16_t *place = &e->outputs->place[row];
  Status status = view_status(e->view, row);
  *place = 0;
  if (status == STATUS_REJECTED) *place = (uint16_t)e->rejected;
  if (status == STATUS_QUARANTINED) *place = (uint16_t)e->quarantined;
  if (status != STATUS_STANDING) return 0;
  Row r = scratch_begin(w->scratch, e->view, row);
  int may_need = e->o->format == EXPORT_PROMPT_COMPLETION || e->o->format == EXPORT_PREFERENCE;
  if (may_need && !e->as_turns && kept_converts(e->o, &r)) {
    if (convert_read(&w->kept.convert, &r, e->o->system, 0) != 0) return -1;
    if (convert_needs_turns(&w->kept.convert, e->o->format)) e->as_turns = 1;
  }
  if (e->o->nsplits == 0) return 0;
  Span value;
  if (split_bytes(e, &r, &w->kept.values, &value) != 0 || scratch_failed(w->scratch)) return -1;
  *place = (uint16_t)split_of(e->o, value);
  return 0;
}

static int place_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Export *e = ctx;
  for (size_t i = begin; i < end; i++)
    if (place_row(e, &e->worker[worker], (uint32_t)i) != 0) return -1;
  return 0;
}

static void number_lines(ExportOutputs *all) {
  for (uint32_t row = 0; row < all->nrows; row++)
    if (all->place[row] != EXPORT_NOWHERE) all->line[row] = (uint32_t)++all->output[all->place[row]].rows;
}

/* ---- writing ---- */

static int format_chunk(void *ctx, size_t begin, size_t end, int worker, Buf *out, Error *err) {
  Export *e = ctx;
  Worker *w = &e->worker[worker];
  int kept = e->current < e->outputs->nkept, refs = e->o->rejected == EXPORT_REJECTED_REFS;
  for (size_t i = begin; i < end; i++) {
    if (e->outputs->place[i] != e->current) continue;
    Row r = scratch_begin(w->scratch, e->view, (uint32_t)i);
    if (kept && kept_write(&w->kept, e->o, &r, e->as_turns, out, err) != 0) return -1;
    if (!kept && rejection_write(out, &r, refs) != 0) return error_memory(err);
    if (buf_char(out, '\n') != 0) return error_memory(err);
  }
  return 0;
}

static int write_output(Export *e, size_t at, FileChain *chain, Error *err) {
  ExportOutput *out = &e->outputs->output[at];
  e->current = at;
  FileWriter *w = file_create(out->path, e->o->mode, err);
  if (w == NULL) return -1;
  file_set_chain(w, chain);
  file_set_marks(w);
  int r = ordered_write(e->pool, e->view->corpus->nrows, CHUNK, format_chunk, e, w, err);
  if (r != 0) {
    file_abort(w);
    return r;
  }
  return file_finish(w, &out->sum, err);
}

static int write_all(Export *e, Error *err) {
  int r = pool_for(e->pool, e->view->corpus->nrows, CHUNK, place_chunk, e);
  if (r != 0) return r == POOL_INTERRUPTED ? r : error_memory(err);
  number_lines(e->outputs);
  FileChain *chain = file_chain_new();
  if (chain == NULL) return error_memory(err);
  for (size_t i = 0; r == 0 && i < e->outputs->n; i++) r = write_output(e, i, chain, err);
  if (r == 0 && file_chain_hex(chain, e->outputs->fingerprint) != 0) r = error_memory(err);
  file_chain_free(chain);
  return r;
}

/* Files that were finished before another failed go again. */
static void remove_outputs(const ExportOutputs *all) {
  for (size_t i = 0; all != NULL && i < all->n; i++)
    if (all->output[i].path != NULL && all->output[i].sum.sha256[0] != '\0') remove(all->output[i].path);
}

ExportOutputs *export_write(const View *v, const ExportOptions *o, Pool *pool, Error *err) {
  Export e = { .view = v, .o = o, .pool = pool };
  int r = open_workers(&e) != 0 || open_outputs(&e) != 0 ? error_memory(err) : 0;
  if (r == 0) r = write_all(&e, err);
  close_workers(&e);
  if (r == 0) return e.outputs;
  if (r == POOL_INTERRUPTED && err != NULL) err->text[0] = '\0';
  remove_outputs(e.outputs);
  export_outputs_free(e.outputs);
  return NULL;
}

/* ---- which rows could not be written ---- */

static int check_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Export *e = ctx;
  Worker *w = &e->worker[worker];
  Convert *c = &w->kept.convert;
  for (size_t i = begin; i < end; i++) {
    if (view_status(e->view, (uint32_t)i) != STATUS_STANDING) continue;
    Row r = scratch_begin(w->scratch, e->view, (uint32_t)i);
    e->why_not[i] = kept_refuses(e->o, &r);
    if (e->why_not[i] != NULL || !kept_converts(e->o, &r)) continue;
    w->kept.head.len = c->nsplices = 0;
    if (convert_read(c, &r, e->o->system, 1) != 0) return -1;
    if (convert_write(c, e->o->format, 1, &w->kept.head) != 0 || scratch_failed(w->scratch)) return -1;
    e->why_not[i] = c->why_not;
  }
  return 0;
}

static int list_one(VerdictList *list, uint32_t row, const char *why_not) {
  Buf b = { 0 };
  int blob = -1;
  if (buf_str(&b, "{\"detail\":") == 0 && json_out_string(&b, span_str(why_not)) == 0 && buf_char(&b, '}') == 0)
    blob = verdicts_add_blob(list, buf_span(&b));
  buf_free(&b);
  if (blob < 0) return -1;
  return verdicts_add(list, (VerdictEntry){ .row = row, .twin = PLACE_NONE, .blob = blob });
}

static VerdictList *list_them(Export *e, Error *err) {
  VerdictList *list = verdicts_new();
  int bad = list == NULL;
  if (!bad) list->reasons[0] = "not_convertible";
  for (uint32_t i = 0; !bad && i < e->view->corpus->nrows; i++)
    if (e->why_not[i] != NULL) bad = list_one(list, i, e->why_not[i]) != 0;
  if (!bad) return list;
  verdicts_free(list);
  error_memory(err);
  return NULL;
}

VerdictList *export_check(const View *v, const ExportOptions *o, Pool *pool, Error *err) {
  Export e = { .view = v, .o = o, .pool = pool };
  VerdictList *list = NULL;
  e.why_not = calloc((size_t)v->corpus->nrows + 1, sizeof *e.why_not);
  if (e.why_not == NULL || open_workers(&e) != 0) {
    error_memory(err);
  } else {
    int r = pool_for(pool, v->corpus->nrows, CHUNK, check_chunk, &e);
    if (r == 0) list = list_them(&e, err);
    else if (r != POOL_INTERRUPTED) error_memory(err);
    else if (err != NULL) err->text[0] = '\0';
  }
  close_workers(&e);
  free(e.why_not);
  return list;
}
