/* modules/neardup/judge.c - see judge.h
**
** Candidates of a text are the kept texts that share a key with it. In a group of few kept texts
** their keys, copied side by side, are looked through one by one (a cache line each). In a large
** one every (band, key) has a chain of kept texts; a text whose chains are longer than the list
** of kept texts goes by the list. From GUARD kept texts on a bitmap of each kept text's shingles
** turns most hopeless candidates away before their text is read.
** Where texts share much without matching (a template with a long body of its own), both ways end
** at every kept text. A group whose looks at kept texts come to more than an index of rare shingles
** costs gets one (rare.h), and from there on the index proposes: a text's scan finds the kept ones
** that are smaller, and tells the smaller texts to come of this one, if it is kept. What it proposes
** must share a key all the same, so the verdict is the same to the bit. */
#include "neardup/judge.h"

#include <math.h>
#include <stdlib.h>

#include "core/spill.h"
#include "neardup/confirm.h"
#include "neardup/rare.h"

enum {
  CHAINED = 512,   /* groups from this size on have chains */
  LOOKS_A_CANDIDATE = 4,   /* what its bitmap costs, in looks at keys */
  GUARD = 16       /* kept texts from which on bitmaps are kept */
};
#define NONE UINT32_MAX

typedef struct Kept {
  uint32_t text, local;
  uint32_t distinct;   /* shingles; 0: not known, no bitmap */
  uint64_t bitmap[GRAM_BITMAP];
} Kept;

typedef struct Chain { uint32_t head, length; } Chain;   /* the last entry, and how many */

typedef struct Told { uint32_t place, next; } Told;   /* a kept text, for a smaller one to come */

/* Of a group with an index of rare shingles. */
typedef struct Crowd {
  Rare *rare;              /* of local texts; NULL: none */
  uint32_t *place;         /* [n] where a local text is kept; NONE: it is not */
  uint32_t *told;          /* [n] first of its Told */
  Told *tale;
  size_t ntales, tale_cap;
  uint32_t *ahead;         /* [nahead] smaller texts to come that the present one may match */
  size_t nahead, ahead_cap;
} Crowd;

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
  Chain *chain;            /* [chains] */
  uint32_t *next;          /* [nkept * bands] entry kept * bands + band */
  uint32_t *mark;          /* [kept_cap] the last local text it was proposed to */
  size_t chains;
  size_t looks;            /* at kept texts in this group: their keys, entries of chains, bitmaps */
  Crowd crowd;
  TextPair *pair;
  size_t npairs, pair_cap;
  size_t candidates, verified, refuted, unknown;
};

JudgeRoom *judge_room_new(int worker) {
  JudgeRoom *r = calloc(1, sizeof *r);
  if (r != NULL) r->worker = worker;
  return r;
}

static void crowd_free(Crowd *c) {
  rare_free(c->rare);
  free(c->place);
  free(c->told);
  spill_free(c->tale);
  spill_free(c->ahead);
  *c = (Crowd){ 0 };
}

void judge_room_free(JudgeRoom *r) {
  if (r == NULL) return;
  crowd_free(&r->crowd);
  grams_free(&r->mine);
  grams_free(&r->theirs);
  gram_table_free(&r->table);
  void *owned[] = { r->kept, r->keys, r->seen, r->copy, r->candidate, r->chain, r->next,
                    r->mark, r->pair };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) spill_free(owned[i]);
  free(r);
}

const TextPair *judge_pairs(const JudgeRoom *r, size_t *n) {
  *n = r->npairs;
  return r->pair;
}

void judge_counts(const JudgeRoom *r, Leaders *l) {
  l->candidates += r->candidates;
  l->verified += r->verified;
  l->refuted += r->refuted;
  l->unknown += r->unknown;
}

/* Room for n things of that size: where they are now; *failed is set, and all stays, if there is
** no memory. */
static void *grow(void *now, size_t n, size_t size, int *failed) {
  void *more = spill_resize(now, n * size);
  if (more != NULL) return more;
  *failed = 1;
  return now;
}

static size_t copy_slots(size_t n) {
  size_t slots = 4;
  while (slots < 2 * n) slots *= 2;
  return slots;
}

static size_t chain_of(const JudgeRoom *r, uint32_t key, unsigned band) {
  return (key * 0x9E3779B1u + band * 0x85EBCA77u) & (r->chains - 1);
}

static void chain(JudgeRoom *r, const Judge *j, size_t k) {
  const uint32_t *keys = r->keys + k * j->stride;
  for (unsigned b = 0; b < j->p->bands; b++) {
    size_t c = chain_of(r, keys[b], b), e = k * j->p->bands + b;
    r->next[e] = r->chain[c].head;
    r->chain[c] = (Chain){ (uint32_t)e, r->chain[c].length + 1 };
  }
}

/* Chains for so many kept texts, with those that are there. */
static int make_chains(JudgeRoom *r, const Judge *j, size_t kept) {
  size_t chains = 1;
  int failed = 0;
  while (chains < kept * j->p->bands) chains *= 2;
  r->chain = grow(r->chain, chains, sizeof *r->chain, &failed);
  if (failed) return -1;
  r->chains = chains;
  for (size_t c = 0; c < chains; c++) r->chain[c] = (Chain){ NONE, 0 };
  for (size_t k = 0; k < r->nkept; k++) chain(r, j, k);
  return 0;
}

static int begin_group(JudgeRoom *r, const Judge *j, size_t n) {
  int failed = 0;
  r->nkept = r->looks = 0;
  crowd_free(&r->crowd);
  if (n > r->local_cap) {
    size_t cap = n + n / 2;
    r->seen = grow(r->seen, cap, sizeof *r->seen, &failed);
    r->candidate = grow(r->candidate, cap, sizeof *r->candidate, &failed);
    r->copy = grow(r->copy, copy_slots(cap), sizeof *r->copy, &failed);
    if (failed) return -1;
    r->local_cap = cap;
  }
  memset(r->copy, 0xFF, copy_slots(n) * sizeof *r->copy);
  r->chains = 0;
  if (n < CHAINED || n > UINT32_MAX / j->p->bands) return 0;
  return make_chains(r, j, CHAINED);
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
    for (uint32_t e = r->chain[chain_of(r, keys[b], b)].head; e != NONE; e = r->next[e]) {
      size_t k = e / bands;
      if (k < from) break;   /* chains go from the last kept to the first */
      if (e % bands != b || r->mark[k] == local || r->keys[k * j->stride + b] != keys[b]) continue;
      r->mark[k] = local;
      propose(r, k);
    }
  if (r->ncandidates > 1) qsort(r->candidate, r->ncandidates, sizeof *r->candidate, ascending);
}

static int read_mine(JudgeRoom *r, const Judge *j, uint32_t text) {
  if (r->filled) return 0;
  r->filled = 1;
  if (text_read(j->src, text, r->worker, &r->mine, j->p->shingle) != 0) return -1;
  return gram_table_fill(&r->table, &r->mine);
}

/* ---- a crowd ---- */

/* The present text, whose table is filled, is scanned: kept texts smaller than it are proposed from
** place `from` on, smaller ones to come stand in r->crowd.ahead. */
static int scan(JudgeRoom *r, const Judge *j, uint32_t text, uint32_t local, size_t from) {
  Crowd *c = &r->crowd;
  const uint32_t *keys = j->keys + (size_t)text * j->stride;
  size_t n;
  const uint32_t *found = rare_scan(c->rare, &r->table, local, &n);
  int failed = found == NULL;
  c->nahead = 0;
  if (n > c->ahead_cap) {
    c->ahead = grow(c->ahead, n * 2, sizeof *c->ahead, &failed);
    if (!failed) c->ahead_cap = n * 2;
  }
  if (failed) return -1;
  for (size_t i = 0; i < n; i++) {
    uint32_t place = c->place[found[i]];
    if (found[i] > local) c->ahead[c->nahead++] = found[i];
    else if (place != NONE && place >= from && lsh_meet(keys, r->keys + place * j->stride, j->stride))
      propose(r, place);
  }
  return 0;
}

/* The text kept at this place is told of to the texts that its scan found ahead. */
static int tell(JudgeRoom *r, const Judge *j, const uint32_t *text, size_t place) {
  Crowd *c = &r->crowd;
  const uint32_t *keys = r->keys + place * j->stride;
  int failed = 0;
  c->place[r->kept[place].local] = (uint32_t)place;
  if (c->ntales + c->nahead > c->tale_cap) {
    size_t cap = (c->ntales + c->nahead) * 2;
    c->tale = grow(c->tale, cap, sizeof *c->tale, &failed);
    if (failed || cap > NONE) return -1;
    c->tale_cap = cap;
  }
  for (size_t i = 0; i < c->nahead; i++) {
    uint32_t to = c->ahead[i];
    if (!lsh_meet(keys, j->keys + (size_t)text[to] * j->stride, j->stride)) continue;
    c->tale[c->ntales] = (Told){ (uint32_t)place, c->told[to] };
    c->told[to] = (uint32_t)c->ntales++;
  }
  return 0;
}

/* Local text i of the group's kept ones and those from `local` on. */
static uint32_t member(const JudgeRoom *r, size_t local, size_t i) {
  return i < r->nkept ? r->kept[i].local : (uint32_t)(local + i - r->nkept);
}

/* Counts a sample, adds all and lays the index. 0, -1, POOL_INTERRUPTED; 1: no index is to be had. */
static int index_crowd(JudgeRoom *r, const Judge *j, const uint32_t *text, size_t n, size_t local) {
  const size_t members = r->nkept + n - local, step = members / RARE_SAMPLE + 1;
  for (int adding = 0; adding < 2; adding++)
    for (size_t i = 0; i < members; i += adding ? 1 : step) {
      uint32_t m = member(r, local, i);
      r->filled = 0;
      if (interrupt_pending()) return POOL_INTERRUPTED;
      if (read_mine(r, j, text[m]) != 0) return -1;
      if (r->mine.kind == GRAMS_WHOLE) continue;
      if (!adding) rare_count(r->crowd.rare, &r->table);
      else if (rare_add(r->crowd.rare, &r->table, m) != 0) return -1;
    }
  return rare_lay(r->crowd.rare);
}

/* Gives the group an index and tells of the texts kept so far. 0, -1, POOL_INTERRUPTED. */
static int begin_crowd(JudgeRoom *r, const Judge *j, const uint32_t *text, size_t n, size_t local) {
  Crowd *c = &r->crowd;
  c->rare = rare_new(n, j->p->floor);
  c->place = malloc(n * sizeof *c->place);
  c->told = malloc(n * sizeof *c->told);
  if (c->rare == NULL || c->place == NULL || c->told == NULL) return -1;
  memset(c->place, 0xFF, n * sizeof *c->place);
  memset(c->told, 0xFF, n * sizeof *c->told);
  int result = index_crowd(r, j, text, n, local);
  if (result == 1) {   /* goes on without one */
    crowd_free(c);
    return 0;
  }
  for (size_t k = 0; result == 0 && k < r->nkept; k++) {
    const uint32_t me = r->kept[k].local;
    r->filled = 0;
    r->ncandidates = 0;
    c->nahead = 0;
    if (interrupt_pending()) return POOL_INTERRUPTED;
    result = read_mine(r, j, text[me]);
    if (result == 0 && r->mine.kind != GRAMS_WHOLE) result = scan(r, j, text[me], me, 0);
    if (result == 0) result = tell(r, j, text, k);
  }
  return result;
}

/* All kept texts from place `from` on that share a key. */
static void propose_by_list(JudgeRoom *r, const Judge *j, uint32_t text, size_t from) {
  const uint32_t *keys = j->keys + (size_t)text * j->stride;
  for (size_t k = from; k < r->nkept; k++)
    if (lsh_meet(keys, r->keys + k * j->stride, j->stride)) propose(r, k);
}

/* A text shorter than a shingle matches none but its copies, which were found before: but for those of another
** vector. */
static int find_in_crowd(JudgeRoom *r, const Judge *j, uint32_t text, uint32_t local, size_t from) {
  const Crowd *c = &r->crowd;
  r->crowd.nahead = 0;
  if (read_mine(r, j, text) != 0) return -1;
  if (r->mine.kind == GRAMS_WHOLE) {
    if (j->p->vectors != NULL) propose_by_list(r, j, text, from);
    return 0;
  }
  if (scan(r, j, text, local, from) != 0) return -1;
  for (uint32_t t = c->told[local]; t != NONE; t = c->tale[t].next)
    if (c->tale[t].place >= from) propose(r, c->tale[t].place);
  if (r->ncandidates > 1) qsort(r->candidate, r->ncandidates, sizeof *r->candidate, ascending);
  return 0;
}

/* ---- one text ---- */

/* The kept texts from place `from` on that share a key with the text (in a crowd: and may match). */
static int find_candidates(JudgeRoom *r, const Judge *j, uint32_t text, uint32_t local, size_t from) {
  const uint32_t *keys = j->keys + (size_t)text * j->stride;
  size_t work = 0;
  r->ncandidates = 0;
  if (r->crowd.rare != NULL) return find_in_crowd(r, j, text, local, from);
  for (unsigned b = 0; r->chains > 0 && b < j->p->bands; b++)
    work += 8 + r->chain[chain_of(r, keys[b], b)].length;
  if (r->chains > 0 && work < r->nkept - from) {
    propose_by_chain(r, j, keys, local, from);
    r->looks += work - 8 * j->p->bands;
  } else {
    propose_by_list(r, j, text, from);
    r->looks += r->nkept - from;
  }
  r->looks += LOOKS_A_CANDIDATE * r->ncandidates;
  return 0;
}

static int keep(JudgeRoom *r, const Judge *j, const uint32_t *group, uint32_t local) {
  const uint32_t text = group[local];
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
  kept->local = local;
  kept->distinct = 0;
  if (r->filled || k >= GUARD) {
    if (read_mine(r, j, text) != 0) return -1;
    if (r->table.distinct <= UINT32_MAX) kept->distinct = (uint32_t)r->table.distinct;
    memcpy(kept->bitmap, r->table.bitmap, sizeof kept->bitmap);
    if (r->mine.kind == GRAMS_WHOLE) kept->distinct = 0;
  }
  memcpy(r->keys + k * j->stride, keys, j->stride * sizeof *keys);
  r->mark[k] = NONE;
  if (r->chains > 0 && k * j->p->bands >= r->chains && make_chains(r, j, 2 * k) != 0) return -1;
  if (r->chains > 0) chain(r, j, k);
  r->nkept++;
  return r->crowd.rare != NULL ? tell(r, j, group, k) : 0;
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

/* A kept text matches it but for the vectors: told where no other makes it a match. */
static void spare(const Judge *j, uint32_t text, double jaccard) {
  if (j->twin[text] == TEXT_NONE && !(j->jaccard[text] >= jaccard)) j->jaccard[text] = jaccard;
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
    const Confirmed known = confirm(j->p, text, kept->text);
    r->refuted += known == REFUTED;
    r->unknown += known == NOT_KNOWN;
    if (known == REFUTED) spare(j, text, jaccard);
    if (known != CONFIRMED) continue;
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
        memcmp(r->mine.text, r->theirs.text, r->mine.len) == 0 && confirm_copy(j->p, text[local], text[other])) {
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
  uint32_t before = TEXT_NONE;
  r->filled = 0;
  uint32_t copy = find_copy(r, j, text, local, n, &failed);
  if (failed) return -1;
  if (copy != NONE) {
    before = text[copy];
    if (j->twin[before] != TEXT_NONE) match(j, me, j->twin[before], j->jaccard[before]);
    else if (!is_barred(j, before)) match(j, me, before, 1);
    if (j->jaccard[me] >= 1) return record(r, me, j->twin[me], 1);   /* none is better */
    from = r->seen[copy];
  }
  if (find_candidates(r, j, me, (uint32_t)local, from) != 0) return -1;
  if (verify(r, j, me) != 0) return -1;
  r->seen[local] = (uint32_t)r->nkept;
  if (j->twin[me] == TEXT_NONE && !is_barred(j, me)) return keep(r, j, text, (uint32_t)local);
  return copy == NONE ? 0 : record(r, me, before, 1);
}

int judge_group(const Judge *j, JudgeRoom *r, const uint32_t *text, size_t n) {
  if (begin_group(r, j, n) != 0) return -1;
  for (size_t local = 0; local < n; local++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (r->looks / j->patience > r->nkept + n - local && j->p->floor >= RARE_FLOOR) {
      int result = begin_crowd(r, j, text, n, local);
      if (result != 0) return result;
      r->looks = 0;
      if (r->crowd.rare != NULL) r->chains = 0;
    }
    if (judge_one(j, r, text, n, local) != 0) return -1;
  }
  crowd_free(&r->crowd);
  return 0;
}
