/* modules/corpus/group.c - a group of row operators in one parallel pass (view.h, group.h). */
#include "corpus/group.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "corpus/column.h"

enum { GROUP_CHUNK = 256, GROUP_CHUNK_LEAST = 16 };

typedef struct Group {
  const View *view;
  View *child;
  RowOp *const *ops;
  const uint16_t *stage;
  size_t nops;
  const uint32_t *rows;       /* the list, or NULL: all rows */
  size_t chunk;               /* rows a chunk */
  double **metric;            /* [all metrics] columns of the child, the first operator's first */
  double ***op_metric;        /* [nops] where an operator's metrics begin */
  uint8_t *fresh;             /* [all metrics] must be filled with NaN as we go */
  size_t nmetrics;
  uint32_t field_id[FIELD_COUNT + 1];
  uint32_t flagged_id;
  int nworkers;
  GroupTime *time;            /* [nops + 1] to be added to, or NULL */
  uint32_t one_in;            /* rows, of which one is timed: a power of two */
  Out **out;                  /* [nworkers] */
  ChunkOut **done;            /* [chunks] what each chunk gave; NULL: nothing */
  pthread_mutex_t lock;       /* guards the two below */
  size_t failed_at;           /* lowest chunk that failed */
  Error failure;
} Group;

/* ---- one chunk ---- */

static void chunk_out_free(ChunkOut *k) {
  if (k == NULL) return;
  free(k->verdict);
  free(k->edit);
  free(k->edit_row);
  free(k->note);
  arena_free(&k->arena);
  *k = (ChunkOut){ 0 };
}

static int chunk_is_empty(const ChunkOut *k) {
  return k->nverdicts == 0 && k->nedit_rows == 0 && k->nnotes == 0;
}

/* Sets the buffers aside: what is empty stays with the worker, to be filled again. */
static int set_aside(Group *g, Out *o, size_t chunk) {
  if (chunk_is_empty(&o->chunk)) {
    arena_clear(&o->chunk.arena);
    return 0;
  }
  ChunkOut *k = malloc(sizeof *k);
  if (k == NULL) return -1;
  *k = o->chunk;
  o->chunk = (ChunkOut){ 0 };
  g->done[chunk] = k;
  return 0;
}

static double clock_s(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now(void) { return clock_s(CLOCK_MONOTONIC); }

/* A row during which the thread had to wait for a processor so long says nothing of its operators. */
#define WAITED_S 20e-6

/* Not each 16th: data may have a period. */
static int is_sampled(uint32_t row, uint32_t one_in) { return ((row * 0x9E3779B1u) >> 16 & (one_in - 1)) == 0; }

/* run_row with a clock between operators. The processor's own clock would tell waiting apart, but costs
** ten times as much: it is read at both ends only. */
static int run_row_timed(Group *g, Out *o, uint32_t row) {
  double *took = o->took, cpu = clock_s(CLOCK_THREAD_CPUTIME_ID), begin = now(), spent = 0;
  o->row = scratch_begin(o->row.scratch, g->view, row);
  out_begin_row(o);
  double last = now();
  for (size_t i = 0; i < g->nops; i++) {
    const RowOp *op = g->ops[i];
    took[i] = -1;
    if (op->skip_rejected && o->rejected) continue;
    o->stage = g->stage[i];
    o->metric = g->op_metric[i];
    int r = op->run(op, &o->row, o);
    if (r != 0) return r;
    double then = now();
    took[i] = then - last;
    spent += took[i];
    last = then;
  }
  if (scratch_failed(o->row.scratch)) return -1;
  int r = out_end_row(o);
  double all = now() - begin;
  took[g->nops] = all - spent;
  if (all - (clock_s(CLOCK_THREAD_CPUTIME_ID) - cpu) > WAITED_S) return r;
  for (size_t i = 0; i <= g->nops; i++) {
    if (took[i] < 0) continue;
    o->time[i].seconds += took[i];
    o->time[i].calls++;
  }
  return r;
}

static int run_row(Group *g, Out *o, uint32_t row) {
  if (o->time != NULL && is_sampled(row, g->one_in)) return run_row_timed(g, o, row);
  o->row = scratch_begin(o->row.scratch, g->view, row);
  out_begin_row(o);
  for (size_t i = 0; i < g->nops; i++) {
    const RowOp *op = g->ops[i];
    if (op->skip_rejected && o->rejected) continue;
    o->stage = g->stage[i];
    o->metric = g->op_metric[i];
    int r = op->run(op, &o->row, o);
    if (r != 0) return r;
  }
  if (scratch_failed(o->row.scratch)) return -1;
  return out_end_row(o);
}

static void keep_failure(Group *g, const Out *o, size_t chunk) {
  pthread_mutex_lock(&g->lock);
  if (g->failure.text[0] == '\0' || chunk < g->failed_at) {
    g->failed_at = chunk;
    if (o->err.text[0] != '\0') g->failure = o->err;
    else error_memory(&g->failure);
  }
  pthread_mutex_unlock(&g->lock);
}

static int run_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Group *g = ctx;
  Out *o = g->out[worker];
  for (size_t m = 0; m < g->nmetrics; m++)
    for (size_t i = begin; g->fresh[m] && i < end; i++) g->metric[m][i] = NAN;
  for (size_t i = begin; i < end; i++) {
    uint32_t row = g->rows != NULL ? g->rows[i] : (uint32_t)i;
    if (view_status(g->view, row) != STATUS_STANDING) continue;
    int r = run_row(g, o, row);
    if (r != 0) {
      keep_failure(g, o, begin / g->chunk);
      return r;
    }
  }
  if (set_aside(g, o, begin / g->chunk) == 0) return 0;
  keep_failure(g, o, begin / g->chunk);
  return -1;
}

/* ---- commit: on the calling thread, in order of chunks ---- */

static int commit_verdicts(Group *g, const ChunkOut *k) {
  for (size_t i = 0, n; i < k->nverdicts; i += n) {
    n = 1;
    while (k->verdict[i + n - 1].more) n++;
    if (view_reject(g->child, k->verdict[i].row, &k->verdict[i], n) != 0) return -1;
  }
  return 0;
}

static int commit_edits(Group *g, ChunkOut *k, uint32_t *column) {
  Edit *edit = k->edit;
  for (size_t i = 0; i < k->nedit_rows; i++) {
    uint32_t n = k->edit_row[i].n;
    uint32_t place = edit_log_add(g->child->corpus, edit, n, k->edit_row[i].replaced);
    if (place == PLACE_NONE) return -1;
    column[k->edit_row[i].row] = place;
    edit += n;
  }
  return 0;
}

typedef struct NoteColumn { uint32_t name, *column; } NoteColumn;

static int commit_notes(Group *g, const ChunkOut *k, NoteColumn **seen, size_t *nseen) {
  for (size_t i = 0; i < k->nnotes; i++) {
    const NoteRec *rec = &k->note[i];
    size_t c = 0;
    while (c < *nseen && (*seen)[c].name != rec->name) c++;
    if (c == *nseen) {
      NoteColumn *more = realloc(*seen, (c + 1) * sizeof *more);
      if (more == NULL) return -1;
      *seen = more;
      Span name = names_value(g->child->corpus->names, rec->name).text;
      more[c] = (NoteColumn){ rec->name, view_own_annotation(g->child, name) };
      if (more[c].column == NULL) return -1;
      (*nseen)++;
    }
    (*seen)[c].column[rec->row] = rec->value;
  }
  return 0;
}

static int commit(Group *g, size_t nchunks) {
  int verdicts = 0, edits = 0, bad = 0;
  for (size_t i = 0; i < nchunks; i++) {
    if (g->done[i] == NULL) continue;
    verdicts |= g->done[i]->nverdicts > 0;
    edits |= g->done[i]->nedit_rows > 0;
  }
  if (verdicts && (view_own_status(g->child) == NULL || view_own_verdict(g->child) == NULL)) return -1;
  uint32_t *edit_column = edits ? view_own_edit(g->child) : NULL;
  if (edits && edit_column == NULL) return -1;
  NoteColumn *seen = NULL;
  size_t nseen = 0;
  for (size_t i = 0; !bad && i < nchunks; i++) {
    ChunkOut *k = g->done[i];
    if (k == NULL) continue;
    bad = commit_verdicts(g, k) != 0 || commit_edits(g, k, edit_column) != 0 ||
          commit_notes(g, k, &seen, &nseen) != 0;
    logs_adopt(g->child->corpus, &k->arena);
  }
  free(seen);
  return bad ? -1 : 0;
}

/* ---- the whole ---- */

static int open_metrics(Group *g) {
  for (size_t i = 0; i < g->nops; i++) g->nmetrics += (size_t)g->ops[i]->nmetrics;
  g->metric = calloc(g->nmetrics + 1, sizeof *g->metric);
  g->fresh = calloc(g->nmetrics + 1, 1);
  g->op_metric = calloc(g->nops + 1, sizeof *g->op_metric);
  if (g->metric == NULL || g->fresh == NULL || g->op_metric == NULL) return -1;
  Buf name = { 0 };
  size_t m = 0;
  int bad = 0;
  for (size_t i = 0; i < g->nops; i++) {
    g->op_metric[i] = &g->metric[m];
    for (int j = 0; !bad && j < g->ops[i]->nmetrics; j++, m++) {
      name.len = 0;
      bad = buf_printf(&name, "%s.%s", corpus_stage_name(g->child->corpus, g->stage[i]),
                       g->ops[i]->metrics[j]) != 0;
      g->fresh[m] = !bad && g->rows == NULL && view_metric(g->child, buf_span(&name)) == NULL;
      if (!bad) g->metric[m] = view_metric_room(g->child, buf_span(&name), !g->fresh[m]);
      bad = bad || g->metric[m] == NULL;
    }
  }
  buf_free(&name);
  return bad ? -1 : 0;
}

static int open_workers(Group *g) {
  Names *names = g->child->corpus->names;
  for (int f = 0; f <= FIELD_COUNT; f++) {
    g->field_id[f] = names_intern(names, span_str(field_name((Field)f)));
    if (g->field_id[f] == NAME_FAIL) return -1;
  }
  g->flagged_id = names_intern(names, span_str("flagged"));
  g->out = calloc((size_t)g->nworkers, sizeof *g->out);
  if (g->flagged_id == NAME_FAIL || g->out == NULL) return -1;
  for (int i = 0; i < g->nworkers; i++) {
    Out *o = g->out[i] = calloc(1, sizeof *o);
    if (o == NULL) return -1;
    o->names = names;
    o->field_id = g->field_id;
    o->flagged_id = g->flagged_id;
    if (g->time != NULL) o->time = calloc(g->nops + 1, sizeof *o->time);
    if (g->time != NULL) o->took = calloc(g->nops + 1, sizeof *o->took);
    if (g->time != NULL && (o->time == NULL || o->took == NULL)) return -1;
    o->row.scratch = scratch_new(i);
    if (o->row.scratch == NULL) return -1;
  }
  return 0;
}

static void group_free(Group *g, size_t nchunks) {
  for (int i = 0; g->out != NULL && i < g->nworkers && g->out[i] != NULL; i++) {
    scratch_free(g->out[i]->row.scratch);
    chunk_out_free(&g->out[i]->chunk);
    buf_free(&g->out[i]->text);
    json_doc_free(&g->out[i]->doc);
    for (size_t k = 0; g->out[i]->time != NULL && k <= g->nops; k++) {
      g->time[k].seconds += g->out[i]->time[k].seconds;
      g->time[k].calls += g->out[i]->time[k].calls;
    }
    free(g->out[i]->time);
    free(g->out[i]->took);
    free(g->out[i]);
  }
  for (size_t i = 0; g->done != NULL && i < nchunks; i++) {
    chunk_out_free(g->done[i]);
    free(g->done[i]);
  }
  free(g->out);
  free(g->done);
  free(g->metric);
  free(g->fresh);
  free(g->op_metric);
  pthread_mutex_destroy(&g->lock);
}

/* Big enough that a chunk's cost vanishes, small enough that every worker gets several. */
static size_t chunk_rows(size_t n, int workers) {
  size_t c = n / ((size_t)workers * 8);
  return c > GROUP_CHUNK ? GROUP_CHUNK : c < GROUP_CHUNK_LEAST ? GROUP_CHUNK_LEAST : c;
}

static int run(Group *g, Pool *pool, int serial, size_t n, size_t nchunks, Error *err) {
  if (open_metrics(g) != 0 || open_workers(g) != 0) return error_memory(err);
  int r = serial ? pool_for_serial(pool, n, g->chunk, run_chunk, g)
                 : pool_for(pool, n, g->chunk, run_chunk, g);
  if (r == POOL_INTERRUPTED && g->failure.text[0] == '\0') return -1;
  if (r != 0) return error_set(err, "%s", g->failure.text);
  return commit(g, nchunks) == 0 ? 0 : error_memory(err);
}

View *view_run_group(const View *v, Pool *pool, RowOp *const *ops, const uint16_t *stage,
                     size_t nops, const uint32_t *rows, size_t nrows, Error *err) {
  return view_run_group_timed(v, pool, ops, stage, nops, rows, nrows, NULL, err);
}

View *view_run_group_timed(const View *v, Pool *pool, RowOp *const *ops, const uint16_t *stage, size_t nops,
                           const uint32_t *rows, size_t nrows, GroupTime *times, Error *err) {
  int serial = 0;
  for (size_t i = 0; i < nops; i++) serial |= ops[i]->serial;
  size_t n = rows != NULL ? nrows : v->corpus->nrows;
  Group g = { .view = v, .ops = ops, .stage = stage, .nops = nops, .rows = rows, .time = times,
              .nworkers = serial ? 1 : pool_threads(pool) };
  g.chunk = chunk_rows(n, g.nworkers);
  g.one_in = n > GROUP_MANY ? GROUP_SAMPLE_MANY : GROUP_SAMPLE;
  size_t nchunks = (n + g.chunk - 1) / g.chunk;
  if (err != NULL) err->text[0] = '\0';
  pthread_mutex_init(&g.lock, NULL);
  g.child = view_child(v);
  g.done = calloc(nchunks + 1, sizeof *g.done);
  int bad = g.child == NULL || g.done == NULL ? error_memory(err)
                                              : run(&g, pool, serial, n, nchunks, err);
  group_free(&g, nchunks);
  if (bad == 0) return g.child;
  view_unref(g.child);
  return NULL;
}
