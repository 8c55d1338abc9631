/* modules/diff/match.c - see match.h */
#include "diff/match.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "core/spill.h"
#include "corpus/query.h"
#include "neardup/lsh.h"
#include "neardup/neardup.h"

enum { GRAIN = 128, CONTENT_FIELDS = 4, AHEAD = 32 };

static const Field content_field[CONTENT_FIELDS] = { FIELD_SYSTEM, FIELD_INPUT, FIELD_OUTPUT, FIELD_ALTERNATIVE };

static Hash128 hash_of(const void *bytes, size_t len) {
  XXH128_hash_t h = XXH3_128bits(bytes, len);
  return (Hash128){ h.high64, h.low64 };
}

/* ---- a side ---- */

typedef struct Hashing {
  const DiffSide *side;
  Scratch **scratch;     /* [threads] */
  int threads;
  Span key;              /* of the ids */
  Hash128 *out;          /* [side->n] */
} Hashing;

static int hash_content(void *ctx, size_t begin, size_t end, int worker) {
  const Hashing *h = ctx;
  for (size_t i = begin; i < end; i++) {
    Row row = scratch_begin(h->scratch[worker], h->side->view, h->side->row[i]);
    XXH128_hash_t part[CONTENT_FIELDS];
    for (int f = 0; f < CONTENT_FIELDS; f++) {
      Span text = row_field(&row, content_field[f]);
      part[f] = XXH3_128bits(text.ptr != NULL ? text.ptr : "", text.len);
    }
    if (scratch_failed(h->scratch[worker])) return -1;
    h->out[i] = hash_of(part, sizeof part);
  }
  return 0;
}

/* A number, a truth and a text are different names, whatever they print as. */
static int hash_ids(void *ctx, size_t begin, size_t end, int worker) {
  const Hashing *h = ctx;
  for (size_t i = begin; i < end; i++) {
    Row row = scratch_begin(h->scratch[worker], h->side->view, h->side->row[i]);
    Value v = row_key(&row, h->key);
    if (scratch_failed(h->scratch[worker])) return -1;
    uint64_t number[2] = { (uint64_t)v.type, 0 };
    if (v.type == VALUE_DOUBLE) memcpy(&number[1], &v.number, sizeof v.number);
    else number[1] = (uint64_t)v.integer;
    if (v.type == VALUE_NONE) h->out[i] = (Hash128){ 0, 0 };
    else if (v.type == VALUE_STRING) h->out[i] = hash_of(v.text.ptr, v.text.len);
    else h->out[i] = hash_of(number, sizeof number);
  }
  return 0;
}

/* Runs fn over the rows of a side into out [n]. 0, -1 if out of memory, POOL_INTERRUPTED. */
static int hash_rows(const DiffSide *s, PoolFn fn, Span key, Pool *pool, Hash128 *out) {
  Hashing h = { .side = s, .key = key, .out = out };
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  h.scratch = calloc((size_t)threads, sizeof *h.scratch);
  int r = h.scratch == NULL ? -1 : 0;
  for (; r == 0 && h.threads < threads; h.threads++)
    if ((h.scratch[h.threads] = scratch_new(h.threads)) == NULL) r = -1;
  if (r == 0) r = pool_for(pool, s->n, GRAIN, fn, &h);
  for (int t = 0; h.scratch != NULL && t < threads; t++) scratch_free(h.scratch[t]);
  free(h.scratch);
  return r;
}

void diff_side_free(DiffSide *s) {
  spill_free(s->row);
  spill_free(s->content);
  spill_free(s->id);
  spill_free(s->key);
  free(s->key_name);
  view_unref(s->view);
  *s = (DiffSide){ 0 };
}

int diff_side_init(DiffSide *s, View *v, Pool *pool, Error *err) {
  *s = (DiffSide){ .view = view_ref(v), .n = v->standing };
  s->row = spill_alloc((s->n + 1) * sizeof *s->row);
  s->content = spill_alloc((s->n + 1) * sizeof *s->content);
  int r = s->row == NULL || s->content == NULL ? -1 : 0;
  if (r == 0) {
    view_standing(v, s->row);
    r = hash_rows(s, hash_content, span_of(NULL, 0), pool, s->content);
  }
  if (r == 0) return 0;
  diff_side_free(s);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

static int is_id(Hash128 h) { return (h.hi | h.lo) != 0; }

static int compare_hash(Hash128 a, Hash128 b) {
  if (a.hi != b.hi) return a.hi < b.hi ? -1 : 1;
  return a.lo < b.lo ? -1 : a.lo > b.lo;
}

static int by_hash(const void *a, const void *b) { return compare_hash(*(const Hash128 *)a, *(const Hash128 *)b); }

/* Brings equal hashes together: place << 0 behind 32 bits of each, sorted. word [2 n]; the sorted words. */
static uint64_t *sort_hashes(const Hash128 *hash, size_t n, uint64_t *word) {
  for (size_t i = 0; i < n; i++) word[i] = hash[i].hi >> 32 << 32 | i;
  lsh_sort(word, word + n, n);
  return word + n;
}

static int count_ids(const DiffSide *s, DiffIds *found) {
  uint64_t *raw = spill_alloc((2 * s->n + 1) * sizeof *raw);
  Hash128 *run = NULL;
  size_t cap = 0;
  if (raw == NULL) return -1;
  const uint64_t *word = sort_hashes(s->id, s->n, raw);
  *found = (DiffIds){ 0 };
  int bad = 0;
  for (size_t i = 0, k; !bad && i < s->n; i = k) {
    for (k = i + 1; k < s->n && word[k] >> 32 == word[i] >> 32;) k++;
    if (k - i > cap) {
      Hash128 *wider = realloc(run, (cap = 2 * (k - i)) * sizeof *run);
      bad = wider == NULL;
      if (bad) break;
      run = wider;
    }
    for (size_t j = i; j < k; j++) run[j - i] = s->id[(uint32_t)word[j]];
    if (k - i > 1) qsort(run, k - i, sizeof *run, by_hash);
    for (size_t j = 0; j < k - i; j++) {
      if (!is_id(run[j])) continue;
      found->with++;
      found->distinct += j == 0 || compare_hash(run[j], run[j - 1]) != 0;
    }
  }
  free(run);
  spill_free(raw);
  return bad ? -1 : 0;
}

int diff_side_ids(DiffSide *s, Span key, Pool *pool, DiffIds *found, Error *err) {
  if (s->id == NULL) s->id = spill_alloc((s->n + 1) * sizeof *s->id);
  int r = s->id == NULL ? -1 : hash_rows(s, hash_ids, key, pool, s->id);
  if (r == 0 && found != NULL) r = count_ids(s, found);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

int diff_side_key(DiffSide *s, Span key, Pool *pool, Error *err) {
  if (s->key_name != NULL && span_eq(span_str(s->key_name), key)) return 0;
  free(s->key_name);
  s->key_name = NULL;
  if (s->key == NULL) s->key = spill_alloc((s->view->corpus->nrows + (size_t)1) * sizeof *s->key);
  int r = s->key == NULL ? -1 : query_keys(s->view, pool, key, 1u << STATUS_STANDING, s->key);
  if (r == 0 && (s->key_name = strndup(key.ptr, key.len)) == NULL) r = -1;
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

int diff_side_groups(const DiffSide *s, DiffGroup **out, size_t *n) {
  uint32_t last = 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->key[s->row[i]] > last) last = s->key[s->row[i]];
  uint32_t *count = calloc(last + (size_t)1, sizeof *count);
  size_t groups = 0, k = 0;
  if (count == NULL) return -1;
  for (size_t i = 0; i < s->n; i++) groups += count[s->key[s->row[i]]]++ == 0;
  *out = malloc((groups + 1) * sizeof **out);
  for (uint32_t id = 0; *out != NULL && id <= last; id++)
    if (count[id] > 0) (*out)[k++] = (DiffGroup){ id, count[id] };
  *n = k;
  free(count);
  return *out != NULL ? 0 : -1;
}

/* ---- levels ---- */

/* A row in a run of equal keys. */
typedef struct Entry {
  Hash128 key, second, identity;
  uint32_t place;        /* in its side */
  uint8_t of_b;
} Entry;

typedef struct Level {
  const DiffSide *a, *b;
  const Hash128 *key_a, *key_b;       /* [n] of the sides; both halves 0: none */
  const Hash128 *second_a, *second_b; /* rows of equal ones go together first */
  DiffHow same, other;                /* what pairs with an equal content are, and the others */
  DiffMatch *m;
  Entry *run;
  size_t cap;
} Level;

static Hash128 identity_of(const DiffSide *s, uint32_t place) { return s->view->corpus->identity[s->row[place]]; }

static int by_key(const void *p, const void *q) {
  const Entry *a = p, *b = q;
  int r = compare_hash(a->key, b->key);
  if (r == 0) r = compare_hash(a->second, b->second);
  if (r == 0) r = compare_hash(a->identity, b->identity);
  if (r == 0) r = (int)a->of_b - (int)b->of_b;
  return r != 0 ? r : a->place < b->place ? -1 : a->place > b->place;
}

static void pair_up(Level *l, const Entry *a, const Entry *b) {
  l->m->of_a[a->place] = b->place;
  l->m->of_b[b->place] = a->place;
  int same = compare_hash(l->a->content[a->place], l->b->content[b->place]) == 0;
  l->m->how[b->place] = (uint8_t)(same ? l->same : l->other);
}

/* Pairs entries [begin, end) of l->run, as far as they are free: what is not of B waits for the next of B. */
static void pair_in_order(Level *l, size_t begin, size_t end) {
  size_t a = begin, b = begin;
  for (;;) {
    while (a < end && (l->run[a].of_b || l->m->of_a[l->run[a].place] != DIFF_NONE)) a++;
    while (b < end && (!l->run[b].of_b || l->m->of_b[l->run[b].place] != DIFF_NONE)) b++;
    if (a == end || b == end) return;
    pair_up(l, &l->run[a], &l->run[b]);
  }
}

/* Rows of one key: first those that are equal in all, then in the second, then any. */
static void pair_group(Level *l, size_t begin, size_t end) {
  for (int depth = 2; depth > 0; depth--)
    for (size_t i = begin, k; i < end; i = k) {
      const Entry *e = &l->run[i];
      for (k = i + 1; k < end && compare_hash(l->run[k].second, e->second) == 0 &&
                      (depth == 1 || compare_hash(l->run[k].identity, e->identity) == 0);) k++;
      if (k - i > 1) pair_in_order(l, i, k);
    }
  pair_in_order(l, begin, end);
}

static int take_run(Level *l, const uint64_t *word, size_t n) {
  int sides = 0;
  const size_t na = l->a->n;
  for (size_t i = 0; i < n; i++) sides |= (uint32_t)word[i] < na ? 1 : 2;
  if (sides != 3) return 0;
  if (n > l->cap) {
    Entry *more = realloc(l->run, 2 * n * sizeof *more);
    if (more == NULL) return -1;
    l->run = more;
    l->cap = 2 * n;
  }
  for (size_t i = 0; i < n; i++) {
    uint32_t at = (uint32_t)word[i], of_b = at >= na, place = of_b ? (uint32_t)(at - na) : at;
    l->run[i] = (Entry){ (of_b ? l->key_b : l->key_a)[place], (of_b ? l->second_b : l->second_a)[place],
                         identity_of(of_b ? l->b : l->a, place), place, (uint8_t)of_b };
  }
  qsort(l->run, n, sizeof *l->run, by_key);
  for (size_t i = 0, k; i < n; i = k) {
    for (k = i + 1; k < n && compare_hash(l->run[k].key, l->run[i].key) == 0;) k++;
    if (k - i > 1) pair_group(l, i, k);
  }
  return 0;
}

/* Rows lie all over memory: what take_run will read of one is asked for some words before. */
static void ask_for(const Level *l, uint32_t at) {
  const int of_b = at >= l->a->n;
  const DiffSide *s = of_b ? l->b : l->a;
  const uint32_t place = of_b ? at - (uint32_t)l->a->n : at;
  __builtin_prefetch(&(of_b ? l->key_b : l->key_a)[place]);
  __builtin_prefetch(&s->view->corpus->identity[s->row[place]]);
}

/* Matches what is free and has a key. 0, -1 if out of memory, POOL_INTERRUPTED. */
static int run_level(Level *l) {
  const size_t most = l->a->n + l->b->n;
  size_t n = 0;
  uint64_t *raw = spill_alloc((2 * most + 1) * sizeof *raw);
  if (raw == NULL) return -1;
  for (size_t i = 0; i < l->a->n; i++)
    if (l->m->of_a[i] == DIFF_NONE && is_id(l->key_a[i])) raw[n++] = l->key_a[i].hi >> 32 << 32 | i;
  for (size_t i = 0; i < l->b->n; i++)
    if (l->m->of_b[i] == DIFF_NONE && is_id(l->key_b[i])) raw[n++] = l->key_b[i].hi >> 32 << 32 | (l->a->n + i);
  uint64_t *word = raw + n;
  lsh_sort(raw, word, n);
  int r = 0;
  for (size_t i = 0, k; r == 0 && i < n; i = k) {
    for (k = i + 1; k < n && word[k] >> 32 == word[i] >> 32;) k++;
    for (size_t w = i; w < k && w + AHEAD < n; w++) ask_for(l, (uint32_t)word[w + AHEAD]);
    if (k - i > 1) r = interrupt_pending() ? POOL_INTERRUPTED : take_run(l, word + i, k - i);
  }
  free(l->run);
  spill_free(raw);
  return r;
}

/* ---- what is left: folded, near ---- */

/* The free rows of a side. */
typedef struct Rest {
  size_t n;
  uint32_t *place;       /* [n] in the side, ascending */
  uint32_t *row;         /* [n] of the corpus */
  uint32_t *order;       /* [n] places in the rest, by identity */
  ViewTexts texts;
} Rest;

static void rest_free(Rest *r) {
  spill_free(r->place);
  spill_free(r->row);
  spill_free(r->order);
  view_texts_free(&r->texts);
}

typedef enum Which { ALL, UNNAMED, WITH_NAME } Which;

static int wanted(const DiffSide *s, uint32_t place, Which which) {
  return which == ALL || is_id(s->id[place]) == (which == WITH_NAME);
}

static int rest_init(Rest *r, const DiffSide *s, const uint32_t *partner, Which which, unsigned fields, Pool *pool) {
  *r = (Rest){ 0 };
  r->place = spill_alloc((s->n + 1) * sizeof *r->place);
  r->row = spill_alloc((s->n + 1) * sizeof *r->row);
  if (r->place == NULL || r->row == NULL) return -1;
  for (uint32_t i = 0; i < s->n; i++) {
    if (partner[i] != DIFF_NONE || !wanted(s, i, which)) continue;
    r->place[r->n] = i;
    r->row[r->n++] = s->row[i];
  }
  return view_texts_init(&r->texts, s->view, r->row, r->n, fields, 0, pool);
}

typedef struct Named { Hash128 identity; uint32_t at; } Named;

static int by_identity(const void *p, const void *q) {
  const Named *a = p, *b = q;
  int r = compare_hash(a->identity, b->identity);
  return r != 0 ? r : a->at < b->at ? -1 : a->at > b->at;
}

static int rest_order(Rest *r, const DiffSide *s) {
  Named *named = spill_alloc((r->n + 1) * sizeof *named);
  r->order = spill_alloc((r->n + 1) * sizeof *r->order);
  if (named == NULL || r->order == NULL) return spill_free(named), -1;
  for (uint32_t i = 0; i < r->n; i++) named[i] = (Named){ identity_of(s, r->place[i]), i };
  qsort(named, r->n, sizeof *named, by_identity);
  for (size_t i = 0; i < r->n; i++) r->order[i] = named[i].at;
  spill_free(named);
  return 0;
}

typedef struct Folding {
  const Rest *rest;
  Grams *room;           /* [threads] */
  Hash128 *out;          /* [side] */
} Folding;

static int hash_folded(void *ctx, size_t begin, size_t end, int worker) {
  const Folding *f = ctx;
  const TextSource *src = &f->rest->texts.source;
  Grams *g = &f->room[worker];
  for (size_t i = begin; i < end; i++) {
    grams_begin(g, 1, src->flags);
    if (src->fields(src, i, worker, g) != 0) return -1;
    f->out[f->rest->place[i]] = hash_of(g->text, g->len);
  }
  return 0;
}

/* The folded texts' hashes of the rows of a side that are free. */
static int fold_side(const DiffSide *s, const uint32_t *partner, Pool *pool, Hash128 *out) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  Rest rest;
  Folding f = { &rest, calloc((size_t)threads, sizeof *f.room), out };
  int r = rest_init(&rest, s, partner, ALL, NEARDUP_ALL_FIELDS, pool);
  if (f.room == NULL) r = -1;
  if (r == 0) r = pool_for(pool, rest.n, GRAIN, hash_folded, &f);
  for (int t = 0; f.room != NULL && t < threads; t++) grams_free(&f.room[t]);
  free(f.room);
  rest_free(&rest);
  return r;
}

static int match_folded(const DiffSide *a, const DiffSide *b, Pool *pool, DiffMatch *m) {
  Hash128 *fa = spill_alloc((a->n + 1) * sizeof *fa), *fb = spill_alloc((b->n + 1) * sizeof *fb);
  int r = fa == NULL || fb == NULL ? -1 : fold_side(a, m->of_a, pool, fa);
  if (r == 0) r = fold_side(b, m->of_b, pool, fb);
  if (r == 0) {
    Level l = { .a = a, .b = b, .key_a = fa, .key_b = fb, .second_a = a->content, .second_b = b->content,
                .same = DIFF_SAME, .other = DIFF_EDITED_FOLDED, .m = m };
    r = run_level(&l);
  }
  spill_free(fa);
  spill_free(fb);
  return r;
}

static void take_near(DiffMatch *m, const Rest *ra, const Rest *rb, const uint32_t *partner, const float *jaccard) {
  for (size_t i = 0; i < rb->n; i++) {
    if (partner[i] == TEXT_NONE) continue;
    uint32_t pa = ra->place[partner[i]], pb = rb->place[i];
    m->of_a[pa] = pb;
    m->of_b[pb] = pa;
    m->how[pb] = DIFF_EDITED_NEAR;
    m->jaccard[pb] = jaccard[i];
  }
}

static int match_rest(const DiffSide *a, Which which_a, const DiffSide *b, Which which_b, const NearParams *p,
                      Pool *pool, DiffMatch *m, Error *err) {
  Rest ra, rb = { 0 };
  int r = rest_init(&ra, a, m->of_a, which_a, NEARDUP_FIELDS, pool);
  if (r == 0) r = rest_init(&rb, b, m->of_b, which_b, NEARDUP_FIELDS, pool);
  if (r == 0) r = rest_order(&ra, a);
  if (r == 0) r = rest_order(&rb, b);
  uint32_t *partner = spill_alloc((rb.n + 1) * sizeof *partner);
  float *jaccard = spill_alloc((rb.n + 1) * sizeof *jaccard);
  if (partner == NULL || jaccard == NULL) r = -1;
  if (r == 0)
    r = near_match(&ra.texts.source, &rb.texts.source, ra.order, rb.order, p, pool, partner, jaccard, NULL, err);
  if (r == 0) take_near(m, &ra, &rb, partner, jaccard);
  spill_free(partner);
  spill_free(jaccard);
  rest_free(&ra);
  rest_free(&rb);
  return r;
}

/* Two rows that both have a name, and not the same, are two rows. */
static int match_near(const DiffSide *a, const DiffSide *b, const DiffParams *p, Pool *pool, DiffMatch *m, Error *err) {
  if (!p->by_id) return match_rest(a, ALL, b, ALL, &p->near, pool, m, err);
  int r = match_rest(a, ALL, b, UNNAMED, &p->near, pool, m, err);
  return r != 0 ? r : match_rest(a, UNNAMED, b, WITH_NAME, &p->near, pool, m, err);
}

/* ---- all of it ---- */

void diff_match_free(DiffMatch *m) {
  spill_free(m->of_a);
  spill_free(m->of_b);
  spill_free(m->how);
  spill_free(m->jaccard);
  *m = (DiffMatch){ 0 };
}

static int match_init(DiffMatch *m, size_t na, size_t nb) {
  *m = (DiffMatch){ .na = na, .nb = nb };
  m->of_a = spill_alloc((na + 1) * sizeof *m->of_a);
  m->of_b = spill_alloc((nb + 1) * sizeof *m->of_b);
  m->how = spill_alloc(nb + 1);
  m->jaccard = spill_alloc((nb + 1) * sizeof *m->jaccard);
  if (m->of_a == NULL || m->of_b == NULL || m->how == NULL || m->jaccard == NULL) return -1;
  memset(m->of_a, 0xFF, (na + 1) * sizeof *m->of_a);
  memset(m->of_b, 0xFF, (nb + 1) * sizeof *m->of_b);
  memset(m->how, DIFF_NEW, nb + 1);
  for (size_t i = 0; i < nb; i++) m->jaccard[i] = NAN;
  return 0;
}

int diff_match(const DiffSide *a, const DiffSide *b, const DiffParams *p, Pool *pool, DiffMatch *m, Error *err) {
  int r = match_init(m, a->n, b->n);
  if (r == 0 && p->by_id) {
    Level l = { .a = a, .b = b, .key_a = a->id, .key_b = b->id, .second_a = a->content, .second_b = b->content,
                .same = DIFF_SAME_ID, .other = DIFF_EDITED_ID, .m = m };
    r = run_level(&l);
  }
  if (r == 0) {
    Level l = { .a = a, .b = b, .key_a = a->content, .key_b = b->content, .second_a = a->content,
                .second_b = b->content, .same = DIFF_SAME, .other = DIFF_SAME, .m = m };
    r = run_level(&l);
  }
  if (r == 0) r = match_folded(a, b, pool, m);
  if (r == 0 && p->by_near) r = match_near(a, b, p, pool, m, err);
  for (size_t i = 0; r == 0 && i < b->n; i++) m->count[m->how[i]]++;
  if (r == 0) return 0;
  diff_match_free(m);
  if (r == -1 && err->text[0] == '\0') error_memory(err);
  return r;
}

/* ---- what pairs say ---- */

static int by_values(const void *p, const void *q) {
  const DiffMove *a = p, *b = q;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return a->to < b->to ? -1 : a->to > b->to;
}

static int by_count(const void *p, const void *q) {
  const DiffMove *a = p, *b = q;
  return a->count > b->count ? -1 : a->count < b->count;
}

static int same_value(const DiffSide *a, uint32_t x, const DiffSide *b, uint32_t y) {
  Value v = names_value(a->view->corpus->names, x), w = names_value(b->view->corpus->names, y);
  if (v.type != w.type) return 0;
  if (v.type == VALUE_STRING) return span_eq(v.text, w.text);
  return v.type == VALUE_DOUBLE ? v.number == w.number : v.type == VALUE_NONE || v.integer == w.integer;
}

int diff_moves(const DiffSide *a, const DiffSide *b, const DiffMatch *m, DiffMove **out, size_t *n) {
  size_t pairs = 0, kinds = 0, kept = 0;
  DiffMove *list = malloc((m->nb + 1) * sizeof *list);
  if (list == NULL) return -1;
  for (size_t i = 0; i < m->nb; i++)
    if (m->of_b[i] != DIFF_NONE)
      list[pairs++] = (DiffMove){ a->key[a->row[m->of_b[i]]], b->key[b->row[i]], 1 };
  qsort(list, pairs, sizeof *list, by_values);
  for (size_t i = 0; i < pairs; i++) {
    if (kinds > 0 && by_values(&list[kinds - 1], &list[i]) == 0) list[kinds - 1].count++;
    else list[kinds++] = list[i];
  }
  for (size_t i = 0; i < kinds; i++)
    if (!same_value(a, list[i].from, b, list[i].to)) list[kept++] = list[i];
  qsort(list, kept, sizeof *list, by_count);
  *out = list;
  *n = kept;
  return 0;
}

size_t diff_examples(const DiffSide *s, const DiffMatch *m, int of_a, unsigned how, uint32_t *out, size_t most) {
  size_t n = 0;
  for (uint32_t i = 0; i < s->n; i++) {
    if (of_a ? m->of_a[i] != DIFF_NONE : m->how[i] != how) continue;
    Hash128 mine = identity_of(s, i);
    size_t at = n < most ? n : most;
    while (at > 0 && compare_hash(mine, identity_of(s, out[at - 1])) < 0) at--;
    if (at == most) continue;
    if (n < most) n++;
    for (size_t k = n - 1; k > at; k--) out[k] = out[k - 1];
    out[at] = i;
  }
  return n;
}
