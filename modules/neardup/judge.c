/* modules/neardup/judge.c - see judge.h
**
** Candidates of a text are the kept texts that share a key with it. In a group of few kept texts
** their keys, copied side by side, are looked through one by one (a cache line each). In a large
** one every (band, key) has a chain of kept texts; a text whose chains are longer than the list
** of kept texts goes by the list. From GUARD kept texts on a bitmap of each kept text's shingles
** turns most hopeless candidates away before their text is read. */
#include "neardup/judge.h"

#include <math.h>
#include <stdlib.h>

enum {
  CHAINED = 512,   /* groups from this size on have chains */
  GUARD = 16       /* kept texts from which on bitmaps are kept */
};
#define NONE UINT32_MAX

typedef struct Kept {
  uint32_t text;
  uint32_t distinct;   /* shingles; 0: not known, no bitmap */
  uint64_t bitmap[GRAM_BITMAP];
} Kept;

struct JudgeRoom {
  int worker;
  Grams mine, theirs;
  GramTable table;
  int filled;              /* the table holds the present text */
  Kept *kept;              /* [nkept] in visiting order */
  uint32_t *keys;          /* [nkept][stride] */
  size_t nkept, kept_cap;
  uint32_t *seen;          /* [n] kept texts that the text was held against when judged */
  uint32_t *copy;          /* [1 << bits] open addressing: the first local text with a hash */
  uint32_t *candidate;     /* [ncandidates] kept places, ascending */
  size_t ncandidates;
  size_t local_cap;
  /* chains of a large group */
  uint32_t *head, *length; /* [chains] first entry and number of entries */
  uint32_t *next;          /* [nkept * bands] entry kept * bands + band */
  uint32_t *mark;          /* [kept_cap] the last local text it was proposed to */
  size_t chains;
  TextPair *pair;
  size_t npairs, pair_cap;
  size_t candidates, verified;
};

JudgeRoom *judge_room_new(int worker) {
  JudgeRoom *r = calloc(1, sizeof *r);
  if (r != NULL) r->worker = worker;
  return r;
}

void judge_room_free(JudgeRoom *r) {
  if (r == NULL) return;
  grams_free(&r->mine);
  grams_free(&r->theirs);
  gram_table_free(&r->table);
  void *owned[] = { r->kept, r->keys, r->seen, r->copy, r->candidate, r->head, r->length, r->next,
                    r->mark, r->pair };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  free(r);
}

const TextPair *judge_pairs(const JudgeRoom *r, size_t *n) {
  *n = r->npairs;
  return r->pair;
}

void judge_counts(const JudgeRoom *r, size_t *candidates, size_t *verified) {
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

static size_t copy_slots(size_t n) {
  size_t slots = 4;
  while (slots < 2 * n) slots *= 2;
  return slots;
}

static int begin_group(JudgeRoom *r, const Judge *j, size_t n) {
  int failed = 0;
  r->nkept = 0;
  if (n > r->local_cap) {
    size_t cap = n + n / 2;
    r->seen = grow(r->seen, cap, sizeof *r->seen, &failed);
    r->candidate = grow(r->candidate, cap, sizeof *r->candidate, &failed);
    r->copy = grow(r->copy, copy_slots(cap), sizeof *r->copy, &failed);
    if (failed) return -1;
    r->local_cap = cap;
  }
  memset(r->copy, 0xFF, copy_slots(n) * sizeof *r->copy);
  if (n < CHAINED || n > UINT32_MAX / j->p->bands) {
    r->chains = 0;
    return 0;
  }
  size_t chains = 1;
  while (chains < n * j->p->bands) chains *= 2;
  r->head = grow(r->head, chains, sizeof *r->head, &failed);
  r->length = grow(r->length, chains, sizeof *r->length, &failed);
  if (failed) return -1;
  r->chains = chains;
  memset(r->head, 0xFF, chains * sizeof *r->head);
  memset(r->length, 0, chains * sizeof *r->length);
  return 0;
}

static size_t chain_of(const JudgeRoom *r, uint32_t key, unsigned band) {
  return (key * 0x9E3779B1u + band * 0x85EBCA77u) & (r->chains - 1);
}

static void propose(JudgeRoom *r, size_t place) { r->candidate[r->ncandidates++] = (uint32_t)place; }

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void propose_by_chain(JudgeRoom *r, const Judge *j, const uint32_t *keys, uint32_t local,
                             size_t from) {
  const unsigned bands = j->p->bands;
  for (unsigned b = 0; b < bands; b++)
    for (uint32_t e = r->head[chain_of(r, keys[b], b)]; e != NONE; e = r->next[e]) {
      size_t k = e / bands;
      if (k < from) break;   /* chains go from the last kept to the first */
      if (e % bands != b || r->mark[k] == local || r->keys[k * j->stride + b] != keys[b]) continue;
      r->mark[k] = local;
      propose(r, k);
    }
  if (r->ncandidates > 1) qsort(r->candidate, r->ncandidates, sizeof *r->candidate, ascending);
}

/* The kept texts from place `from` on that share a key with the text. */
static void find_candidates(JudgeRoom *r, const Judge *j, uint32_t text, uint32_t local, size_t from) {
  const uint32_t *keys = j->keys + (size_t)text * j->stride;
  size_t work = 0;
  r->ncandidates = 0;
  for (unsigned b = 0; r->chains > 0 && b < j->p->bands; b++)
    work += 8 + r->length[chain_of(r, keys[b], b)];
  if (r->chains > 0 && work < r->nkept - from) {
    propose_by_chain(r, j, keys, local, from);
    return;
  }
  for (size_t k = from; k < r->nkept; k++)
    if (lsh_meet(keys, r->keys + k * j->stride, j->stride)) propose(r, k);
}

static int read_mine(JudgeRoom *r, const Judge *j, uint32_t text) {
  if (r->filled) return 0;
  r->filled = 1;
  if (text_read(j->src, text, r->worker, &r->mine, j->p->shingle) != 0) return -1;
  return gram_table_fill(&r->table, &r->mine);
}

static int keep(JudgeRoom *r, const Judge *j, uint32_t text) {
  size_t k = r->nkept;
  if (k == r->kept_cap) {
    size_t cap = k * 2 + 16;
    int failed = 0;
    r->kept = grow(r->kept, cap, sizeof *r->kept, &failed);
    r->keys = grow(r->keys, cap, j->stride * sizeof *r->keys, &failed);
    r->next = grow(r->next, cap, j->p->bands * sizeof *r->next, &failed);
    r->mark = grow(r->mark, cap, sizeof *r->mark, &failed);
    if (failed) return -1;
    r->kept_cap = cap;
  }
  const uint32_t *keys = j->keys + (size_t)text * j->stride;
  Kept *kept = &r->kept[k];
  kept->text = text;
  kept->distinct = 0;
  if (r->filled || k >= GUARD) {
    if (read_mine(r, j, text) != 0) return -1;
    if (r->table.distinct <= UINT32_MAX) kept->distinct = (uint32_t)r->table.distinct;
    memcpy(kept->bitmap, r->table.bitmap, sizeof kept->bitmap);
    if (r->mine.kind == GRAMS_WHOLE) kept->distinct = 0;
  }
  memcpy(r->keys + k * j->stride, keys, j->stride * sizeof *keys);
  r->mark[k] = NONE;
  for (unsigned b = 0; r->chains > 0 && b < j->p->bands; b++) {
    size_t c = chain_of(r, keys[b], b), e = k * j->p->bands + b;
    r->next[e] = r->head[c];
    r->head[c] = (uint32_t)e;
    r->length[c]++;
  }
  r->nkept++;
  return 0;
}

static int record(JudgeRoom *r, uint32_t a, uint32_t b, double jaccard) {
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

static void match(const Judge *j, uint32_t text, uint32_t twin, double jaccard) {
  if (j->twin[text] != TEXT_NONE && jaccard <= j->jaccard[text]) return;
  j->twin[text] = twin;
  j->jaccard[text] = jaccard;
}

/* Holds the text against each candidate. */
static int verify(JudgeRoom *r, const Judge *j, uint32_t text) {
  const double floor = j->p->floor;
  r->candidates += r->ncandidates;
  for (size_t c = 0; c < r->ncandidates; c++) {
    const Kept *kept = &r->kept[r->candidate[c]];
    if (read_mine(r, j, text) != 0) return -1;
    size_t distinct = r->table.distinct, common, all;
    if (j->shingles[kept->text] + 0.5 < floor * (double)distinct) continue;
    if (kept->distinct > 0 && r->mine.kind != GRAMS_WHOLE &&
        !gram_bitmap_allows(r->table.bitmap, distinct, kept->bitmap, kept->distinct, floor))
      continue;
    r->verified++;
    if (text_read(j->src, kept->text, r->worker, &r->theirs, j->p->shingle) != 0) return -1;
    int matches = gram_table_compare(&r->table, &r->theirs, floor, &common, &all);
    if (matches < 0) return -1;
    if (!matches) continue;
    double jaccard = (double)common / (double)all;
    if (record(r, text, kept->text, jaccard) != 0) return -1;
    if (jaccard >= j->p->threshold) match(j, text, kept->text, jaccard);
  }
  return 0;
}

/* The local place of the last text before this one with the same folded bytes; NONE if there is
** none. -1 in *failed if out of memory. The hash proposes, the bytes decide. */
static uint32_t find_copy(JudgeRoom *r, const Judge *j, const uint32_t *text, size_t local, size_t n,
                          int *failed) {
  const uint64_t hash = j->hash[text[local]];
  size_t mask = copy_slots(n) - 1, at = (size_t)(hash >> 20) & mask;
  int read = 0;
  for (; r->copy[at] != NONE; at = (at + 1) & mask) {
    uint32_t other = r->copy[at];
    if (j->hash[text[other]] != hash) continue;
    if (!read && text_read(j->src, text[local], r->worker, &r->mine, j->p->shingle) != 0) *failed = -1;
    read = 1;
    if (text_read(j->src, text[other], r->worker, &r->theirs, j->p->shingle) != 0) *failed = -1;
    if (*failed == 0 && r->mine.len == r->theirs.len &&
        memcmp(r->mine.text, r->theirs.text, r->mine.len) == 0) {
      r->copy[at] = (uint32_t)local;
      return other;
    }
  }
  r->copy[at] = (uint32_t)local;
  return NONE;
}

static int is_barred(const Judge *j, uint32_t text) { return j->p->barred != NULL && j->p->barred[text]; }

static int judge_one(const Judge *j, JudgeRoom *r, const uint32_t *text, size_t n, size_t local) {
  const uint32_t me = text[local];
  int failed = 0;
  size_t from = 0;
  r->filled = 0;
  uint32_t copy = find_copy(r, j, text, local, n, &failed);
  if (failed) return -1;
  if (copy != NONE) {
    uint32_t before = text[copy];
    if (j->twin[before] != TEXT_NONE) match(j, me, j->twin[before], j->jaccard[before]);
    else if (!is_barred(j, before)) match(j, me, before, 1);
    if (j->jaccard[me] >= 1) return record(r, me, j->twin[me], 1);   /* none is better */
    from = r->seen[copy];
  }
  find_candidates(r, j, me, (uint32_t)local, from);
  size_t pairs = r->npairs;
  if (verify(r, j, me) != 0) return -1;
  r->seen[local] = (uint32_t)r->nkept;
  if (j->twin[me] == TEXT_NONE) return is_barred(j, me) ? 0 : keep(r, j, me);
  if (copy == NONE) return 0;
  r->npairs = pairs;   /* of a copy only the pair with its twin is kept */
  return record(r, me, j->twin[me], j->jaccard[me]);
}

int judge_group(const Judge *j, JudgeRoom *r, const uint32_t *text, size_t n) {
  if (begin_group(r, j, n) != 0) return -1;
  for (size_t local = 0; local < n; local++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (judge_one(j, r, text, n, local) != 0) return -1;
  }
  return 0;
}
