/* modules/corpus/query.c - see query.h */
#include "corpus/query.h"

#include <stdlib.h>

#include "corpus/column.h"
#include "corpus/json.h"
#include "corpus/list.h"
#include "corpus/scratch.h"

/* ---- reasons ---- */

typedef struct ReasonTable {
  ReasonCount *slot;     /* [mask + 1]; count 0: free */
  size_t mask, n;
} ReasonTable;

static ReasonCount *table_find(ReasonTable *t, uint16_t stage, uint32_t reason) {
  size_t at = ((size_t)reason * 0x9E3779B1u + stage * 0x85EBCA6Bu) & t->mask;
  while (t->slot[at].count > 0 && (t->slot[at].stage != stage || t->slot[at].reason != reason))
    at = (at + 1) & t->mask;
  return &t->slot[at];
}

static int table_grow(ReasonTable *t) {
  ReasonTable more = { .mask = t->slot == NULL ? 63 : t->mask * 2 + 1, .n = t->n };
  more.slot = calloc(more.mask + 1, sizeof *more.slot);
  if (more.slot == NULL) return -1;
  for (size_t i = 0; t->slot != NULL && i <= t->mask; i++)
    if (t->slot[i].count > 0) *table_find(&more, t->slot[i].stage, t->slot[i].reason) = t->slot[i];
  free(t->slot);
  *t = more;
  return 0;
}

static int count_reason(ReasonTable *t, const Verdict *d) {
  if ((t->slot == NULL || t->n * 2 > t->mask) && table_grow(t) != 0) return -1;
  ReasonCount *c = table_find(t, d->stage, d->reason);
  if (c->count++ == 0) {
    c->stage = d->stage;
    c->reason = d->reason;
    c->example = d->row;
    t->n++;
  }
  return 0;
}

static int by_count(const void *x, const void *y, void *view) {
  const ReasonCount *a = x, *b = y;
  const Corpus *c = ((const View *)view)->corpus;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  int r = strcmp(corpus_stage_name(c, a->stage), corpus_stage_name(c, b->stage));
  return r != 0 ? r : strcmp(names_text(c->names, a->reason), names_text(c->names, b->reason));
}

int query_reasons(const View *v, ReasonCount **out, size_t *n) {
  ReasonTable t = { 0 };
  *out = NULL;
  *n = 0;
  for (uint32_t row = 0; row < v->corpus->nrows; row++) {
    const Verdict *d = view_verdict(v, row);
    if (d == NULL || count_reason(&t, d) == 0) continue;
    free(t.slot);
    return -1;
  }
  for (size_t i = 0; t.slot != NULL && i <= t.mask; i++)
    if (t.slot[i].count > 0) t.slot[(*n)++] = t.slot[i];
  if (*n > 0) qsort_r(t.slot, *n, sizeof *t.slot, by_count, (void *)v);
  *out = t.slot;
  return 0;
}

size_t query_rows(const View *v, unsigned statuses, int stage, uint32_t reason, uint32_t *out) {
  size_t n = 0;
  for (uint32_t row = 0; row < v->corpus->nrows; row++) {
    if ((statuses >> view_status(v, row) & 1) == 0) continue;
    const Verdict *d = stage >= 0 || reason != NAME_NONE ? view_verdict(v, row) : NULL;
    if (stage >= 0 && (d == NULL || d->stage != stage)) continue;
    if (reason != NAME_NONE && (d == NULL || d->reason != reason)) continue;
    out[n++] = row;
  }
  return n;
}

/* ---- all rows in parallel, each worker with a Scratch ---- */

typedef struct Scan {
  const View *view;
  Scratch **scratch;              /* [threads] */
  int (*test)(const struct Scan *, Row *);   /* of query_id and query_text */
  Span wanted;
  unsigned statuses;
  uint32_t *ids;                  /* of query_keys */
  uint8_t *hit;                   /* of the others: [nrows] */
} Scan;

static int scan_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Scan *s = ctx;
  for (size_t i = begin; i < end; i++) {
    Row r = scratch_begin(s->scratch[worker], s->view, (uint32_t)i);
    if (s->hit != NULL) {
      s->hit[i] = (uint8_t)s->test(s, &r);
    } else {
      s->ids[i] = NAME_NONE;
      if ((s->statuses >> view_status(s->view, (uint32_t)i) & 1) == 0) continue;
      s->ids[i] = names_intern_value(s->view->corpus->names, row_key(&r, s->wanted));
      if (s->ids[i] == NAME_FAIL) return -1;
    }
    if (scratch_failed(r.scratch)) return -1;
  }
  return 0;
}

static int scan(Scan *s, Pool *pool) {
  int threads = pool_threads(pool), r = 0;
  s->scratch = calloc((size_t)threads, sizeof *s->scratch);
  if (s->scratch == NULL) return -1;
  for (int i = 0; r == 0 && i < threads; i++) {
    s->scratch[i] = scratch_new(i);
    if (s->scratch[i] == NULL) r = -1;
  }
  if (r == 0) r = pool_for(pool, s->view->corpus->nrows, 256, scan_chunk, s);
  for (int i = 0; i < threads; i++) scratch_free(s->scratch[i]);
  free(s->scratch);
  return r;
}

int query_keys(const View *v, Pool *pool, Span key, unsigned statuses, uint32_t *ids) {
  Scan s = { .view = v, .wanted = key, .statuses = statuses, .ids = ids };
  return scan(&s, pool);
}

static long gather(Scan *s, Pool *pool, uint32_t *out, size_t max) {
  uint32_t n = s->view->corpus->nrows;
  s->hit = calloc((size_t)n + 1, 1);
  if (s->hit == NULL) return -1;
  long found = scan(s, pool);
  for (uint32_t i = 0; found >= 0 && i < n; i++) {
    if (!s->hit[i]) continue;
    if ((size_t)found < max) out[found] = i;
    found++;
  }
  free(s->hit);
  return found;
}

Span query_row_id(const Row *r) {
  Span none = { 0 };
  if (r->corpus->id_path == NULL || !row_is_json(r)) return none;
  JsonValue root = json_value(row_bytes(r)), id = json_path(&root, span_str(r->corpus->id_path));
  if (id.kind == JSON_STRING) return row_path(r, span_str(r->corpus->id_path)).text;
  return id.kind == JSON_NUMBER ? id.raw : none;
}

static int has_id(const Scan *s, Row *r) {
  Span id = query_row_id(r);
  return id.ptr != NULL && span_eq(id, s->wanted);
}

long query_id(const View *v, Pool *pool, Span id, uint32_t *out, size_t max) {
  Scan s = { .view = v, .wanted = id, .test = has_id };
  return gather(&s, pool, out, max);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static int same_words(const char *a, const char *b, size_t len) {
  size_t i = 0;
  while (i < len && lower(a[i]) == lower(b[i])) i++;
  return i == len;
}

static int holds(Span text, Span words) {
  if (text.ptr == NULL || words.len > text.len) return 0;
  if (words.len == 0) return 1;
  char first = lower(words.ptr[0]);   /* most places are refused by one comparison */
  for (size_t i = 0; i + words.len <= text.len; i++)
    if (lower(text.ptr[i]) == first && same_words(text.ptr + i, words.ptr, words.len)) return 1;
  return 0;
}

static int has_text(const Scan *s, Row *r) {
  if (corpus_row_state(r->corpus, r->index) != ROW_OK) return holds(row_bytes(r), s->wanted);
  for (Field f = FIELD_SYSTEM; f <= FIELD_ALTERNATIVE; f++)
    if (holds(row_field(r, f), s->wanted)) return 1;
  return 0;
}

long query_text(const View *v, Pool *pool, Span words, uint32_t *out, size_t max) {
  Scan s = { .view = v, .wanted = words, .test = has_text };
  return gather(&s, pool, out, max);
}

/* ---- one line ---- */

/* First row of the corpus that belongs to source s or one behind it, at that line or behind. */
static uint32_t lower_bound(const Corpus *c, size_t source, uint32_t line) {
  uint32_t lo = 0, hi = c->nrows;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    const RowRec *r = &c->rows[mid];
    if (r->source < source || (r->source == source && r->line < line)) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

long query_line(const View *v, Span path, uint32_t line, uint32_t *out, size_t max) {
  const Corpus *c = v->corpus;
  long found = 0;
  for (size_t s = 0; s < c->nsources; s++) {
    if (!span_eq(span_str(c->sources[s].path), path)) continue;
    uint32_t row = lower_bound(c, s, line);
    if (row == c->nrows || c->rows[row].source != s || c->rows[row].line != line) continue;
    if ((size_t)found < max) out[found] = row;
    found++;
  }
  return found;
}
