/* modules/style/style.c - see style.h */
#include "style/style.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/spill.h"
#include "stats/measure.h"
#include "text/tokens.h"

enum { GRAIN = 256 };

/* ---- a pass over the rows ---- */

typedef struct Worker { Scratch *scratch; JsonDoc doc; } Worker;

typedef struct Pass {
  Style *s;
  const StyleParams *p;
  Worker *worker;              /* [threads] */
  uint32_t *key;               /* [n][nby] names ids */
} Pass;

static int take_keys(Pass *w, const Row *row, size_t i) {
  Names *names = row->corpus->names;
  for (size_t k = 0; k < w->p->nby; k++) {
    uint32_t id = names_intern_value(names, row_key(row, w->p->by[k]));
    if (id == NAME_FAIL) return -1;
    w->key[i * w->p->nby + k] = id;
  }
  if (w->s->annotator != NULL) {
    w->s->annotator[i] = names_intern_value(names, row_key(row, w->p->annotator));
    if (w->s->annotator[i] == NAME_FAIL) return -1;
  }
  if (w->s->moment != NULL) w->s->moment[i] = measure_moment(row, w->p->time);
  return 0;
}

static int take_text(Pass *w, Span text, size_t i, JsonDoc *doc) {
  Style *s = w->s;
  char opening[OPENING_ROOM];
  int forms = forms_of(text, &w->p->rules, doc);
  if (forms < 0) return -1;
  s->forms[i] = (uint8_t)forms;
  s->tokens[i] = (double)tokens_count(text);
  size_t len = opening_of(text, w->p->opening, opening);
  uint64_t hash = len > 0 ? XXH3_64bits(opening, len) : 0;
  s->opening[i] = len > 0 && hash == 0 ? 1 : hash;
  return 0;
}

static int pass_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Pass *w = ctx;
  Worker *own = &w->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Row row = scratch_begin(own->scratch, w->s->view, w->s->row[i]);
    Span text = row_field(&row, w->p->field);
    w->s->tokens[i] = NAN;                                   /* no such text: dropped behind the pass */
    if (text.ptr == NULL) continue;
    if (take_keys(w, &row, i) != 0 || take_text(w, text, i, &own->doc) != 0) return -1;
  }
  return scratch_failed(own->scratch) ? -1 : 0;
}

static int run_pass(Pass *w, Pool *pool) {
  int threads = pool_threads(pool), made = 0, r = -1;
  w->worker = calloc((size_t)threads, sizeof *w->worker);
  if (w->worker == NULL) return -1;
  while (made < threads && (w->worker[made].scratch = scratch_new(made)) != NULL) made++;
  if (made == threads) r = pool_for(pool, w->s->n, GRAIN, pass_chunk, w);
  for (int i = 0; i < made; i++) {
    scratch_free(w->worker[i].scratch);
    json_doc_free(&w->worker[i].doc);
  }
  free(w->worker);
  return r;
}

/* Drops the rows without the text. */
static void close_gaps(Style *s, uint32_t *key, size_t nby) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    if (isnan(s->tokens[i])) continue;
    s->row[n] = s->row[i];
    s->forms[n] = s->forms[i];
    s->tokens[n] = s->tokens[i];
    s->opening[n] = s->opening[i];
    if (s->annotator != NULL) s->annotator[n] = s->annotator[i];
    if (s->moment != NULL) s->moment[n] = s->moment[i];
    if (nby > 0) memmove(key + (size_t)n * nby, key + (size_t)i * nby, nby * sizeof *key);
    n++;
  }
  s->n = n;
}

/* ---- groups: a table of those met, by their values ---- */

typedef struct GroupTable { Style *s; uint32_t *slot; size_t mask, cap; } GroupTable;   /* slot: group + 1; 0: free */

static size_t place_of(const GroupTable *t, const StyleGroup *g) {
  uint64_t h = XXH3_64bits(g->value, sizeof g->value) ^ (uint64_t)g->source * 0x9E3779B97F4A7C15u;
  size_t at = (size_t)(h >> 7) & t->mask;
  while (t->slot[at] != 0) {
    const StyleGroup *o = &t->s->item[t->slot[at] - 1];
    if (o->source == g->source && memcmp(o->value, g->value, sizeof g->value) == 0) break;
    at = (at + 1) & t->mask;
  }
  return at;
}

static int table_grow(GroupTable *t) {
  size_t mask = t->slot == NULL ? 63 : t->mask * 2 + 1;
  uint32_t *slot = calloc(mask + 1, sizeof *slot);
  StyleGroup *item = slot == NULL ? NULL : realloc(t->s->item, (mask / 2 + 1) * sizeof *item);
  if (item == NULL) {
    free(slot);
    return -1;
  }
  free(t->slot);
  t->s->item = item, t->slot = slot, t->mask = mask, t->cap = mask / 2;
  for (size_t g = 0; g < t->s->ngroups; g++) t->slot[place_of(t, &t->s->item[g])] = (uint32_t)g + 1;
  return 0;
}

static int make_groups(Style *s, const uint32_t *key, size_t nby) {
  GroupTable t = { .s = s };
  const Corpus *c = s->view->corpus;
  if (table_grow(&t) != 0) return -1;
  for (uint32_t i = 0; i < s->n; i++) {
    StyleGroup g = { .source = PLACE_NONE };
    int named = 0;
    for (size_t k = 0; k < nby; k++) named |= (g.value[k] = key[(size_t)i * nby + k]) != NAME_NONE;
    if (!named) g.source = c->rows[s->row[i]].source;
    if (s->ngroups >= t.cap && table_grow(&t) != 0) {
      free(t.slot);
      return -1;
    }
    size_t at = place_of(&t, &g);
    if (t.slot[at] == 0) {
      s->item[s->ngroups] = g;
      t.slot[at] = (uint32_t)++s->ngroups;
    }
    s->group[i] = t.slot[at] - 1;
    s->item[s->group[i]].rows++;
  }
  free(t.slot);
  return 0;
}

/* ---- */

void style_free(Style *s) {
  view_unref(s->view);
  spill_free(s->row);
  spill_free(s->group);
  spill_free(s->forms);
  spill_free(s->tokens);
  spill_free(s->opening);
  spill_free(s->annotator);
  spill_free(s->moment);
  free(s->item);
  *s = (Style){ 0 };
}

static int make_room(Style *s, const StyleParams *p) {
  size_t n = (size_t)s->n + 1;
  s->row = spill_alloc(n * sizeof *s->row);
  s->group = spill_alloc(n * sizeof *s->group);
  s->forms = spill_alloc(n * sizeof *s->forms);
  s->tokens = spill_alloc(n * sizeof *s->tokens);
  s->opening = spill_alloc(n * sizeof *s->opening);
  if (p->annotator.len > 0) s->annotator = spill_alloc(n * sizeof *s->annotator);
  if (p->time.len > 0) s->moment = spill_alloc(n * sizeof *s->moment);
  if (!s->row || !s->group || !s->forms || !s->tokens || !s->opening) return -1;
  return (p->annotator.len > 0 && !s->annotator) || (p->time.len > 0 && !s->moment) ? -1 : 0;
}

int style_measure(Style *s, View *view, const StyleParams *p, Pool *pool, Error *err) {
  *s = (Style){ .view = view_ref(view), .field = p->field, .words = p->opening, .n = (uint32_t)view->standing };
  Pass w = { .s = s, .p = p };
  w.key = spill_alloc(((size_t)s->n * p->nby + 1) * sizeof *w.key);
  int r = w.key == NULL ? -1 : make_room(s, p);
  if (r == 0) {
    view_standing(view, s->row);
    r = run_pass(&w, pool);
  }
  if (r == 0) {
    close_gaps(s, w.key, p->nby);
    r = make_groups(s, w.key, p->nby);
  }
  spill_free(w.key);
  if (r == 0) return 0;
  style_free(s);
  if (r == POOL_INTERRUPTED) return error_set(err, "%s", "");
  return error_memory(err);
}
