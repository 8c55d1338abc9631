/* modules/neardup/pairs.c - see pairs.h
**
** Two texts meet in each band in which their keys agree; they are looked at in the first of these.
** In a small group all texts are held against all. In a large one each band's texts are sorted by
** key; those of one key are a bucket. `linked` keeps the texts of a bucket by class (texts that are
** connected already), so a text is held against one text of a class, unless that one is no match. In
** a crowd of texts that share much and match none (rare.h) that is each of them: past a number of
** looks an index of rare shingles proposes instead. */
#include "neardup/pairs.h"

#include <math.h>
#include <stdlib.h>

#include "core/union_find.h"
#include "neardup/rare.h"

enum {
  SMALL = 64,          /* groups up to this size are looked through text by text */
  GUARD = 16,          /* texts from which on all bitmaps are made before the first comparison */
  RADIX = 8192,        /* from this size on a band is sorted by radix */
  MEASURE_GRAIN = 256,
  POLL = 1024          /* comparisons between two looks for an interrupt */
};
#define NONE UINT32_MAX

/* A text of the group that is no copy of one before it. */
typedef struct Own {
  uint32_t text;
  uint32_t distinct;   /* shingles; 0: not known, no bitmap */
  uint64_t bitmap[GRAM_BITMAP];
} Own;

/* Texts of a bucket that are connected: a list by next. */
typedef struct Class { uint32_t first, last; } Class;

struct PairsRoom {
  int worker;
  Grams mine, theirs;
  GramTable table;
  uint32_t filled;         /* whose shingles the table holds: a place in own; NONE */
  Own *own;                /* [nown] in visiting order */
  uint32_t *keys;          /* [nown][stride] */
  uint32_t *parent;        /* [nown] linked texts */
  uint32_t *next;          /* [nown] of a class */
  uint32_t *mark;          /* [nown] a root's class in the bucket at hand */
  Class *class;            /* [nown] of the bucket at hand */
  uint64_t *word, *sorted; /* [nown] of the band at hand */
  uint64_t *copy;          /* [n] hash order */
  uint32_t *like;          /* [n] local place of the first of its like */
  size_t nown, cap;
  uint64_t *wanted;        /* [nwanted] pairs to verify: lower place << 32 | higher */
  size_t nwanted, wanted_cap;
  TextPair *pair;
  size_t npairs, pair_cap;
  size_t candidates, verified;
  size_t looks;            /* at texts and classes, in the present group */
};

enum { CROWD = 2 };   /* too many looks */

PairsRoom *pairs_room_new(int worker) {
  PairsRoom *r = calloc(1, sizeof *r);
  if (r != NULL) r->worker = worker;
  return r;
}

void pairs_room_free(PairsRoom *r) {
  if (r == NULL) return;
  grams_free(&r->mine);
  grams_free(&r->theirs);
  gram_table_free(&r->table);
  void *owned[] = { r->own, r->keys, r->parent, r->next, r->mark, r->class, r->word, r->sorted, r->copy, r->like,
                    r->wanted, r->pair };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  free(r);
}

const TextPair *pairs_found(const PairsRoom *r, size_t *n) {
  *n = r->npairs;
  return r->pair;
}

void pairs_counts(const PairsRoom *r, size_t *candidates, size_t *verified) {
  *candidates += r->candidates;
  *verified += r->verified;
}

/* Room for n things of that size: where they are now; *failed is set, and all stays, if there is
** no memory. */
static void *grow(void *now, size_t n, size_t size, int *failed) {
  void *more = realloc(now, n * size);
  if (more != NULL) return more;
  *failed = 1;
  return now;
}

static int make_room(PairsRoom *r, const Judge *j, size_t n) {
  int failed = 0;
  r->nown = 0;
  r->filled = NONE;
  if (n <= r->cap) return 0;
  size_t cap = n + n / 2;
  r->own = grow(r->own, cap, sizeof *r->own, &failed);
  r->keys = grow(r->keys, cap, j->stride * sizeof *r->keys, &failed);
  r->parent = grow(r->parent, cap, sizeof *r->parent, &failed);
  r->next = grow(r->next, cap, sizeof *r->next, &failed);
  r->mark = grow(r->mark, cap, sizeof *r->mark, &failed);
  r->class = grow(r->class, cap, sizeof *r->class, &failed);
  r->word = grow(r->word, cap, sizeof *r->word, &failed);
  r->sorted = grow(r->sorted, cap, sizeof *r->sorted, &failed);
  r->copy = grow(r->copy, cap, sizeof *r->copy, &failed);
  r->like = grow(r->like, cap, sizeof *r->like, &failed);
  if (failed) return -1;
  r->cap = cap;
  return 0;
}

static int record(PairsRoom *r, uint32_t a, uint32_t b, double jaccard) {
  if (r->npairs == r->pair_cap) {
    size_t cap = r->pair_cap * 2 + 256;
    int failed = 0;
    r->pair = grow(r->pair, cap, sizeof *r->pair, &failed);
    if (failed) return -1;
    r->pair_cap = cap;
  }
  r->pair[r->npairs++] = a < b ? (TextPair){ a, b, jaccard } : (TextPair){ b, a, jaccard };
  return 0;
}

/* ---- copies ---- */

static int by_word(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Words with the same upper half lie together, in order of the lower one. */
static const uint64_t *sort_words(PairsRoom *r, uint64_t *word, size_t n) {
  if (n >= RADIX) {
    lsh_sort(word, r->sorted, n);
    return r->sorted;
  }
  qsort(word, n, sizeof *word, by_word);
  return word;
}

/* 1: the same folded bytes; 0; -1: out of memory. `a` is read into mine unless it is there. */
static int same_bytes(PairsRoom *r, const Judge *j, uint32_t a, uint32_t b, uint32_t *at) {
  if (*at != a && text_read(j->src, a, r->worker, &r->mine, j->p->shingle) != 0) return -1;
  *at = a;
  if (text_read(j->src, b, r->worker, &r->theirs, j->p->shingle) != 0) return -1;
  return r->mine.len == r->theirs.len && memcmp(r->mine.text, r->theirs.text, r->mine.len) == 0;
}

/* The first text of equal hash and bytes, among words[0..n) of one upper half of the hash. */
static int find_likes(PairsRoom *r, const Judge *j, const uint32_t *text, const uint64_t *word, size_t n) {
  uint32_t read = TEXT_NONE;
  for (size_t i = 0; i < n; i++) {
    const uint32_t me = (uint32_t)word[i];
    if (r->like[me] != me) continue;
    for (size_t k = i + 1; k < n; k++) {
      const uint32_t other = (uint32_t)word[k];
      if (r->like[other] != other || j->hash[text[me]] != j->hash[text[other]]) continue;
      int same = same_bytes(r, j, text[me], text[other], &read);
      if (same < 0) return -1;
      if (same) r->like[other] = me;
    }
  }
  return 0;
}

/* r->own: the texts that are no copy of one before them; copies get their pair. */
static int collapse(PairsRoom *r, const Judge *j, const uint32_t *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    r->copy[i] = (j->hash[text[i]] >> 32 << 32) | i;
    r->like[i] = (uint32_t)i;
  }
  const uint64_t *word = sort_words(r, r->copy, n);
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && word[to] >> 32 == word[from] >> 32;) to++;
    if (to - from > 1 && find_likes(r, j, text, word + from, to - from) != 0) return -1;
  }
  for (size_t i = 0; i < n; i++) {
    if (r->like[i] != i) {
      if (record(r, text[r->like[i]], text[i], 1) != 0) return -1;
      continue;
    }
    memcpy(r->keys + r->nown * j->stride, j->keys + (size_t)text[i] * j->stride, j->stride * sizeof *r->keys);
    r->own[r->nown++] = (Own){ .text = text[i] };
  }
  return 0;
}

/* ---- comparisons ---- */

static int fill(PairsRoom *r, const Judge *j, uint32_t at) {
  if (r->filled == at) return 0;
  Own *own = &r->own[at];
  r->filled = NONE;
  if (text_read(j->src, own->text, r->worker, &r->mine, j->p->shingle) != 0) return -1;
  if (gram_table_fill(&r->table, &r->mine) != 0) return -1;
  r->filled = at;
  if (own->distinct > 0 || r->mine.kind == GRAMS_WHOLE || r->table.distinct > UINT32_MAX) return 0;
  own->distinct = (uint32_t)r->table.distinct;
  memcpy(own->bitmap, r->table.bitmap, sizeof own->bitmap);
  return 0;
}

/* The pair's Jaccard, recorded, or -1 where it is below the floor; -2: out of memory. `a` is the one
** that is held against several. */
static double compare(PairsRoom *r, const Judge *j, uint32_t a, uint32_t b) {
  const double floor = j->p->floor;
  const Own *x = &r->own[a], *y = &r->own[b];
  size_t common, all;
  r->candidates++;
  if (fill(r, j, a) != 0) return -2;
  if (j->shingles[y->text] + 0.5 < floor * (double)r->table.distinct) return -1;
  if (x->distinct > 0 && y->distinct > 0 &&
      !gram_bitmap_allows(x->bitmap, x->distinct, y->bitmap, y->distinct, floor))
    return -1;
  r->verified++;
  if (text_read(j->src, y->text, r->worker, &r->theirs, j->p->shingle) != 0) return -2;
  int matches = gram_table_compare(&r->table, &r->theirs, floor, &common, &all);
  if (matches < 0) return -2;
  if (!matches) return -1;
  double jaccard = (double)common / (double)all;
  return record(r, x->text, y->text, jaccard) != 0 ? -2 : jaccard;
}

/* ---- buckets ---- */

/* Do the two texts meet in a band before this one? */
static int met_before(const PairsRoom *r, const Judge *j, uint32_t a, uint32_t b, unsigned band) {
  const uint32_t *x = r->keys + a * j->stride, *y = r->keys + b * j->stride;
  for (unsigned i = 0; i < band; i++)
    if (x[i] == y[i]) return 1;
  return 0;
}

typedef int (*BucketFn)(PairsRoom *r, const Judge *j, const uint64_t *word, size_t n, unsigned band);

/* Calls fn for each bucket of two or more, band by band; their texts stand in visiting order. */
static int each_bucket(PairsRoom *r, const Judge *j, BucketFn fn) {
  for (unsigned band = 0; band < j->p->bands; band++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    for (size_t i = 0; i < r->nown; i++) r->word[i] = (uint64_t)r->keys[i * j->stride + band] << 32 | i;
    const uint64_t *word = sort_words(r, r->word, r->nown);
    for (size_t from = 0, to; from < r->nown; from = to) {
      for (to = from + 1; to < r->nown && word[to] >> 32 == word[from] >> 32;) to++;
      int failed = to - from > 1 ? fn(r, j, word + from, to - from, band) : 0;
      if (failed) return failed;
    }
  }
  return 0;
}

/* ---- all pairs ---- */

static int want(PairsRoom *r, const Judge *j, uint32_t a, uint32_t b) {
  if (r->nwanted >= j->p->evidence_pairs * r->nown) return PAIRS_TOO_MANY;
  if (r->nwanted == r->wanted_cap) {
    size_t cap = r->wanted_cap * 2 + 256;
    int failed = 0;
    r->wanted = grow(r->wanted, cap, sizeof *r->wanted, &failed);
    if (failed) return -1;
    r->wanted_cap = cap;
  }
  r->wanted[r->nwanted++] = (uint64_t)a << 32 | b;
  return 0;
}

static int want_bucket(PairsRoom *r, const Judge *j, const uint64_t *word, size_t n, unsigned band) {
  if ((double)n * (double)(n - 1) / 2 > (double)j->p->evidence_pairs * (double)r->nown) return PAIRS_TOO_MANY;
  for (size_t i = 0; i < n; i++)
    for (size_t k = i + 1; k < n; k++) {
      const uint32_t a = (uint32_t)word[i], b = (uint32_t)word[k];
      int failed = met_before(r, j, a, b, band) ? 0 : want(r, j, a, b);
      if (failed) return failed;
    }
  return 0;
}

static int want_all(PairsRoom *r, const Judge *j) {
  r->nwanted = 0;
  if (r->nown > SMALL) return each_bucket(r, j, want_bucket);
  for (uint32_t a = 0; a < r->nown; a++)
    for (uint32_t b = a + 1; b < r->nown; b++) {
      int failed = lsh_meet(r->keys + a * j->stride, r->keys + b * j->stride, j->stride) ? want(r, j, a, b) : 0;
      if (failed) return failed;
    }
  return 0;
}

static int verify_wanted(PairsRoom *r, const Judge *j) {
  if (r->nown > SMALL) qsort(r->wanted, r->nwanted, sizeof *r->wanted, by_word);
  for (uint32_t i = 0; r->nown >= GUARD && i < r->nown; i++)
    if (fill(r, j, i) != 0) return -1;
  for (size_t i = 0; i < r->nwanted; i++) {
    if (i % POLL == POLL - 1 && interrupt_pending()) return POOL_INTERRUPTED;
    if (compare(r, j, (uint32_t)(r->wanted[i] >> 32), (uint32_t)r->wanted[i]) < -1) return -1;
  }
  return 0;
}

/* ---- linked ---- */

/* Holds a text against the texts of a class that it meets in this band first, until one matches. */
static int link_class(PairsRoom *r, const Judge *j, uint32_t me, const Class *c, unsigned band) {
  for (uint32_t other = c->first;; other = r->next[other]) {
    r->looks++;
    if (!met_before(r, j, me, other, band)) {
      double jaccard = compare(r, j, me, other);
      if (jaccard < -1) return -1;
      if (r->candidates % POLL == 0 && interrupt_pending()) return POOL_INTERRUPTED;
      if (jaccard >= j->p->threshold) {
        union_join(r->parent, me, other);
        return 0;
      }
    }
    if (other == c->last) return 0;
  }
}

/* Puts classes of the same root together, from the first on; their number. */
static size_t merge_classes(PairsRoom *r, size_t n) {
  size_t left = 0;
  for (size_t i = 0; i < n; i++) r->mark[union_root(r->parent, r->class[i].first)] = NONE;
  for (size_t i = 0; i < n; i++) {
    uint32_t root = union_root(r->parent, r->class[i].first);
    if (r->mark[root] == NONE) {
      r->mark[root] = (uint32_t)left;
      r->class[left++] = r->class[i];
      continue;
    }
    Class *into = &r->class[r->mark[root]];
    r->next[into->last] = r->class[i].first;
    into->last = r->class[i].last;
  }
  return left;
}

static int link_bucket(PairsRoom *r, const Judge *j, const uint64_t *word, size_t n, unsigned band) {
  size_t classes = 0, i = 1;
  uint32_t root = union_root(r->parent, (uint32_t)word[0]);
  while (i < n && union_root(r->parent, (uint32_t)word[i]) == root) i++;
  if (i == n) return 0;
  for (i = 0; i < n; i++) {
    const uint32_t me = (uint32_t)word[i];
    r->looks += classes;
    if (r->looks / j->patience > r->nown && j->p->floor >= RARE_FLOOR) return CROWD;
    for (size_t c = 0; c < classes; c++) {
      if (union_root(r->parent, r->class[c].first) == union_root(r->parent, me)) continue;
      int failed = link_class(r, j, me, &r->class[c], band);
      if (failed) return failed;
    }
    r->class[classes++] = (Class){ me, me };
    classes = merge_classes(r, classes);
  }
  return 0;
}

/* In a cluster of three or more some pair may have been left out. */
static void mark_open(PairsRoom *r, uint8_t *open) {
  for (size_t i = 0; i < r->nown; i++) r->mark[i] = 0;
  for (size_t i = 0; i < r->nown; i++) r->mark[union_root(r->parent, (uint32_t)i)]++;
  for (size_t i = 0; i < r->nown; i++)
    if (r->mark[union_root(r->parent, (uint32_t)i)] > 2) open[r->own[i].text] = 1;
}

/* Texts shorter than a shingle match their copies alone, and are left out. 0; 1: no index can be had. */
static int lay_index(PairsRoom *r, const Judge *j, Rare *rare) {
  const size_t step = r->nown / RARE_SAMPLE + 1;
  for (size_t i = 0; i < r->nown; i += step) {
    if (fill(r, j, (uint32_t)i) != 0) return -1;
    if (r->own[i].distinct > 0) rare_count(rare, &r->table);
  }
  for (size_t i = 0; i < r->nown; i++) {
    if (i % POLL == POLL - 1 && interrupt_pending()) return POOL_INTERRUPTED;
    if (fill(r, j, (uint32_t)i) != 0 || (r->own[i].distinct > 0 && rare_add(rare, &r->table, (uint32_t)i) != 0))
      return -1;
  }
  return rare_lay(rare);
}

static int link_crowd(PairsRoom *r, const Judge *j, Rare *rare) {
  for (uint32_t me = 0; me < r->nown; me++) {
    size_t n;
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (fill(r, j, me) != 0) return -1;
    if (r->own[me].distinct == 0) continue;
    const uint32_t *other = rare_scan(rare, &r->table, me, &n);
    if (other == NULL) return -1;
    for (size_t i = 0; i < n; i++) {
      if (union_root(r->parent, me) == union_root(r->parent, other[i]) ||
          !lsh_meet(r->keys + me * j->stride, r->keys + other[i] * j->stride, j->stride))
        continue;
      double jaccard = compare(r, j, me, other[i]);
      if (jaccard < -1) return -1;
      if (jaccard >= j->p->threshold) union_join(r->parent, me, other[i]);
    }
  }
  return 0;
}

static void begin_links(PairsRoom *r) {
  union_begin(r->parent, r->nown);
  r->looks = 0;
}

static int link_all(PairsRoom *r, const Judge *j, uint8_t *open) {
  const size_t before = r->npairs;
  begin_links(r);
  int failed = each_bucket(r, j, link_bucket);
  if (failed == CROWD) {   /* from the beginning, so that no pair is found twice */
    Rare *rare = rare_new(r->nown, j->p->floor);
    r->npairs = before;
    begin_links(r);
    failed = rare == NULL ? -1 : lay_index(r, j, rare);
    if (failed == 0) failed = link_crowd(r, j, rare);
    rare_free(rare);
    if (failed == 1) {
      Judge patient = *j;
      patient.patience = SIZE_MAX;
      begin_links(r);
      failed = each_bucket(r, &patient, link_bucket);
    }
  }
  if (!failed) mark_open(r, open);
  return failed;
}

int pairs_group(const Judge *j, PairsRoom *r, const uint32_t *text, size_t n, uint8_t *open) {
  const size_t before = r->npairs;
  if (make_room(r, j, n) != 0 || collapse(r, j, text, n) != 0) return -1;
  int result = j->p->evidence ? want_all(r, j) : PAIRS_TOO_MANY;
  if (result == 0) return verify_wanted(r, j);
  if (result != PAIRS_TOO_MANY) return result;
  if (j->p->mode == CLUSTER_LEADER) {
    r->npairs = before;
    return result;
  }
  if (!j->p->evidence || j->p->floor >= j->p->threshold) return link_all(r, j, open);
  LeaderParams p = *j->p;   /* pairs below the threshold may be as many as those that were too many */
  Judge at = *j;
  p.floor = p.threshold;
  at.p = &p;
  for (size_t i = 0; i < n; i++) open[text[i]] = 1;
  return link_all(r, &at, open);
}

/* ---- the Jaccard with a kept text that is no known match ---- */

typedef struct Measure {
  const TextSource *src;
  unsigned shingle;
  uint64_t *want;       /* [n] twin << 32 | text, sorted */
  Clusters *clusters;
  PairsRoom **room;     /* [threads] */
} Measure;

static int measure_texts(void *ctx, size_t begin, size_t end, int worker) {
  Measure *m = ctx;
  if (m->room[worker] == NULL) m->room[worker] = pairs_room_new(worker);
  PairsRoom *r = m->room[worker];
  if (r == NULL) return -1;
  uint32_t filled = TEXT_NONE;
  for (size_t i = begin; i < end; i++) {
    const uint32_t twin = (uint32_t)(m->want[i] >> 32), text = (uint32_t)m->want[i];
    size_t common, all;
    if (filled != twin && (text_read(m->src, twin, worker, &r->mine, m->shingle) != 0 ||
                           gram_table_fill(&r->table, &r->mine) != 0))
      return -1;
    filled = twin;
    if (text_read(m->src, text, worker, &r->theirs, m->shingle) != 0) return -1;
    if (gram_table_compare(&r->table, &r->theirs, 0, &common, &all) < 0) return -1;
    m->clusters->jaccard[text] = (double)common / (double)all;
  }
  return 0;
}

int pairs_measure(const TextSource *src, unsigned shingle, Pool *pool, const uint32_t *like, Clusters *c) {
  int threads = pool != NULL ? pool_threads(pool) : 1, result = -1;
  size_t n = 0;
  Measure m = { .src = src, .shingle = shingle, .clusters = c };
  for (size_t i = 0; i < c->n; i++) n += c->twin[i] != TEXT_NONE && like[i] == i && isnan(c->jaccard[i]);
  m.want = malloc((n + 1) * sizeof *m.want);
  m.room = calloc((size_t)threads, sizeof(PairsRoom *));
  if (m.want != NULL && m.room != NULL) {
    n = 0;
    for (size_t i = 0; i < c->n; i++)
      if (c->twin[i] != TEXT_NONE && like[i] == i && isnan(c->jaccard[i])) m.want[n++] = (uint64_t)c->twin[i] << 32 | i;
    qsort(m.want, n, sizeof *m.want, by_word);
    result = pool_for(pool, n, MEASURE_GRAIN, measure_texts, &m);
  }
  for (size_t i = 0; result == 0 && i < c->n; i++)
    if (c->twin[i] != TEXT_NONE && isnan(c->jaccard[i])) c->jaccard[i] = c->jaccard[like[i]];
  for (int t = 0; m.room != NULL && t < threads; t++) pairs_room_free(m.room[t]);
  free(m.room);
  free(m.want);
  return result;
}
