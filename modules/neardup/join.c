/* modules/neardup/join.c - see join.h */
#include "neardup/join.h"

#include <math.h>
#include <stdlib.h>

#include "neardup/exact.h"
#include "neardup/join_groups.h"
#include "neardup/verify.h"

enum { READ_GRAIN = 32, VERIFY_GRAIN = 64 };

typedef struct Reader {   /* a worker's */
  Grams mine, theirs;
  GramTable table;
  uint16_t *slot;          /* [cap], of which [slots] are in use: a shingle's place + 1; 0: free */
  size_t slots, cap;
  uint32_t *hash;          /* [cap / 4 + 8] */
} Reader;

typedef struct Candidate { uint64_t pair; double jaccard; } Candidate;

typedef struct Run {
  const TextSource *src;
  const JoinParams *p;
  Pool *pool;
  int threads;
  JoinTexts texts;
  Reader *reader;          /* [threads] */
  uint32_t *one;           /* [none] texts that are not in `same`, longer than a shingle */
  size_t none;
  uint32_t *size;          /* [none] while they are measured */
  uint64_t **bits;         /* [none] */
  uint8_t *centre;         /* [n] a text or a copy of it is one; NULL: all are */
  Candidate *candidate;    /* of the present window, by pair */
  size_t ncandidates;
  Join *out;
  size_t pair_cap;
} Run;

/* ---- sizes and bitmaps ---- */

/* Bits a text's bitmap: enough that strangers differ by far more than a match may. */
static unsigned bitmap_scale(size_t distinct, double threshold) {
  size_t want = distinct * (threshold >= 0.7 ? 1 : threshold >= 0.5 ? 2 : 4);
  unsigned scale = 0;
  while (scale + 1 < JOIN_SCALES && (size_t)JOIN_BLOCK_BITS << scale < want) scale++;
  return scale;
}

/* The ten top bits of a shingle's hash choose the bit of a block, the lowest ones the block: blocks
** folded together by exclusive or give the bitmap of fewer blocks. */
static inline void flip(uint64_t *bits, unsigned scale, uint32_t hash) {
  bits[(hash & ((1u << scale) - 1)) * GRAM_BITMAP + (hash >> 28)] ^= UINT64_C(1) << (hash >> 22 & 63);
}

/* The distinct shingles of a text whose tokens are its bytes: a table of their places that stays in
** the first cache, few of whose slots are taken. The hashes are those of grams_hash. */
static size_t count_narrow(Reader *r, const Grams *g, uint64_t *bits, unsigned scale) {
  const uint32_t *hash = r->hash;
  const size_t mask = r->slots - 1;
  size_t distinct = 0;
  memset(r->slot, 0, r->slots * sizeof *r->slot);
  for (size_t i = 0; i < g->n; i++) {
    const uint64_t token = gram_narrow(g, i);
    size_t at = hash[i] & mask;
    while (r->slot[at] != 0 && gram_narrow(g, r->slot[at] - 1u) != token) at = (at + 1) & mask;
    if (r->slot[at] != 0) continue;
    r->slot[at] = (uint16_t)(i + 1);
    flip(bits, scale, hash[i]);
    distinct++;
  }
  return distinct;
}

static int narrow_room(Reader *r, size_t n) {
  size_t slots = 64;
  while (slots < 4 * n) slots *= 2;
  if (slots > r->cap) {
    free(r->slot);
    free(r->hash);
    r->slot = malloc(slots * sizeof *r->slot);
    r->hash = malloc((slots / 4 + 8) * sizeof *r->hash);
    r->cap = r->slot != NULL && r->hash != NULL ? slots : 0;
  }
  r->slots = slots;
  return r->cap > 0 ? 0 : -1;
}

/* How many distinct shingles the text at hand has, and its bitmap of as many blocks as that asks for. */
static int measure_text(const Run *run, Reader *r, uint32_t *size, uint64_t **out) {
  const Grams *g = &r->mine;
  const double threshold = run->p->threshold;
  const int narrow = g->kind == GRAMS_NARROW && g->n < UINT16_MAX;
  if (!narrow && gram_table_fill(&r->table, g) != 0) return -1;
  if (narrow && narrow_room(r, g->n) != 0) return -1;
  unsigned wide = bitmap_scale(narrow ? g->n : r->table.distinct, threshold);
  uint64_t *bits = calloc((size_t)GRAM_BITMAP << wide, sizeof *bits);
  if (bits == NULL) return -1;
  *out = bits;
  if (narrow) {
    grams_hash(run->p->path, g, 0, g->n, r->hash);
    *size = (uint32_t)count_narrow(r, g, bits, wide);
  } else {
    *size = (uint32_t)r->table.distinct;
    for (size_t i = 0; i < (size_t)1 << r->table.bits; i++)
      if (r->table.slot[i].stamp >= r->table.base) flip(bits, wide, gram_hash(r->table.slot[i].token));
  }
  for (const unsigned scale = bitmap_scale(*size, threshold); wide > scale; wide--) {
    const size_t half = (size_t)GRAM_BITMAP << (wide - 1);
    for (size_t i = 0; i < half; i++) bits[i] ^= bits[half + i];
  }
  return 0;
}

static int measure_texts(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  Reader *r = &run->reader[worker];
  for (size_t i = begin; i < end; i++) {
    if (text_read(run->src, run->one[i], worker, &r->mine, run->p->shingle) != 0) return -1;
    run->size[i] = 0;
    if (r->mine.kind == GRAMS_WHOLE) continue;
    if (measure_text(run, r, &run->size[i], &run->bits[i]) != 0) return -1;
  }
  return 0;
}

typedef struct Sized { uint32_t size, one; } Sized;

static int by_size(const void *a, const void *b) {
  const Sized *x = a, *y = b;
  if (x->size != y->size) return x->size < y->size ? -1 : 1;
  return x->one < y->one ? -1 : x->one > y->one;
}

/* The bitmaps, in the order of places. */
static int lay_bitmaps(Run *run, const Sized *sized) {
  JoinTexts *t = &run->texts;
  size_t words = 0;
  for (size_t i = 0; i < t->n; i++) {
    const unsigned scale = bitmap_scale(t->size[i], run->p->threshold);
    t->scale[i] = (uint8_t)scale;
    if (i == 0 || scale != t->scale[i - 1]) {
      t->first[scale] = i;
      t->base[scale] = words;
    }
    words += (size_t)GRAM_BITMAP << scale;
  }
  t->bits = malloc((words + 1) * sizeof *t->bits);
  if (t->bits == NULL) return -1;
  for (size_t i = 0, at = 0; i < t->n; i++) {
    const size_t n = (size_t)GRAM_BITMAP << t->scale[i];
    uint64_t **from = &run->bits[sized[i].one];
    memcpy(t->bits + at, *from, n * sizeof *t->bits);
    free(*from);
    *from = NULL;
    at += n;
  }
  return 0;
}

/* run->texts: those of a size above 0, from the smallest. */
static int order_texts(Run *run) {
  JoinTexts *t = &run->texts;
  Sized *sized = malloc((run->none + 1) * sizeof *sized);
  t->text = malloc((run->none + 1) * sizeof *t->text);
  t->size = malloc((run->none + 1) * sizeof *t->size);
  t->lowest = malloc((run->none + 1) * sizeof *t->lowest);
  t->scale = malloc(run->none + 1);
  t->centre = run->p->centre != NULL ? malloc(run->none + 1) : NULL;
  if (sized == NULL || t->text == NULL || t->size == NULL || t->lowest == NULL ||
      t->scale == NULL || (run->p->centre != NULL && t->centre == NULL)) {
    free(sized);
    return -1;
  }
  for (size_t i = 0; i < run->none; i++)
    if (run->size[i] > 0) sized[t->n++] = (Sized){ run->size[i], (uint32_t)i };
  qsort(sized, t->n, sizeof *sized, by_size);
  for (size_t i = 0, low = 0; i < t->n; i++) {
    uint32_t one = sized[i].one;
    t->text[i] = run->one[one];
    t->size[i] = sized[i].size;
    if (t->centre != NULL) t->centre[i] = run->centre[t->text[i]];
    while (t->size[low] + 0.5 < run->p->threshold * t->size[i]) low++;
    t->lowest[i] = (uint32_t)low;
  }
  int r = lay_bitmaps(run, sized);
  free(sized);
  return r;
}

static int measure(Run *run) {
  size_t n = run->src->n;
  if (run->p->centre != NULL) {
    run->centre = calloc(n + 1, 1);
    if (run->centre == NULL) return -1;
    for (size_t i = 0; i < n; i++)
      run->centre[run->out->same[i] != TEXT_NONE ? run->out->same[i] : i] |= run->p->centre[i];
  }
  for (size_t i = 0; i < n; i++) run->none += run->out->same[i] == TEXT_NONE;
  run->one = malloc((run->none + 1) * sizeof *run->one);
  run->size = malloc((run->none + 1) * sizeof *run->size);
  run->bits = calloc(run->none + 1, sizeof *run->bits);
  if (run->one == NULL || run->size == NULL || run->bits == NULL) return -1;
  for (size_t i = 0, k = 0; i < n; i++)
    if (run->out->same[i] == TEXT_NONE) run->one[k++] = (uint32_t)i;
  int r = pool_for(run->pool, run->none, READ_GRAIN, measure_texts, run);
  return r != 0 ? r : order_texts(run);
}

/* ---- verification ---- */

static int verify_candidates(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  Reader *r = &run->reader[worker];
  uint32_t filled = TEXT_NONE;
  for (size_t i = begin; i < end; i++) {
    Candidate *c = &run->candidate[i];
    uint32_t x = run->texts.text[c->pair >> 32], y = run->texts.text[(uint32_t)c->pair];
    size_t common, all;
    if (filled != x) {
      if (text_read(run->src, x, worker, &r->mine, run->p->shingle) != 0) return -1;
      if (gram_table_fill(&r->table, &r->mine) != 0) return -1;
      filled = x;
    }
    if (text_read(run->src, y, worker, &r->theirs, run->p->shingle) != 0) return -1;
    int matches = gram_table_compare(&r->table, &r->theirs, run->p->threshold, &common, &all);
    if (matches < 0) return -1;
    c->jaccard = matches ? (double)common / (double)all : -1;
  }
  return 0;
}

static int take_pairs(Run *run) {
  Join *out = run->out;
  for (size_t i = 0; i < run->ncandidates; i++) {
    const Candidate *c = &run->candidate[i];
    if (c->jaccard < 0) continue;
    if (out->npairs == run->pair_cap) {
      size_t cap = run->pair_cap * 2 + 1024;
      TextPair *more = realloc(out->pair, cap * sizeof *more);
      if (more == NULL) return -1;
      out->pair = more;
      run->pair_cap = cap;
    }
    uint32_t x = run->texts.text[c->pair >> 32], y = run->texts.text[(uint32_t)c->pair];
    out->pair[out->npairs++] = (TextPair){ x < y ? x : y, x < y ? y : x, c->jaccard };
  }
  return 0;
}

static int by_pair(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* The workers' candidates, each pair once, verified. */
static int settle(Run *run, JoinWindow *w) {
  size_t total = 0, n = 0;
  for (int t = 0; t < run->threads; t++) total += w->worker[t].npairs;
  if (total == 0) return 0;
  uint64_t *pair = malloc(total * sizeof *pair);
  if (pair == NULL) return -1;
  for (int t = 0; t < run->threads; t++) {
    const JoinWorker *k = &w->worker[t];
    for (size_t i = 0; i < k->pair_slots; i++)
      if (k->pair[i] != 0) pair[n++] = k->pair[i];
  }
  qsort(pair, n, sizeof *pair, by_pair);
  run->candidate = malloc(n * sizeof *run->candidate);
  run->ncandidates = 0;
  for (size_t i = 0; run->candidate != NULL && i < n; i++)
    if (i == 0 || pair[i] != pair[i - 1]) run->candidate[run->ncandidates++].pair = pair[i];
  free(pair);
  if (run->candidate == NULL) return -1;
  run->out->candidates += run->ncandidates;
  int r = pool_for(run->pool, run->ncandidates, VERIFY_GRAIN, verify_candidates, run);
  if (r == 0) r = take_pairs(run);
  free(run->candidate);
  run->candidate = NULL;
  return r;
}

/* ---- windows ---- */

/* Classes have a ratio of t^(-1/d), at most 1.25. */
static int join_windows(Run *run, JoinWindow *w) {
  const JoinTexts *t = &run->texts;
  const double threshold = run->p->threshold, depth = ceil(log(1 / threshold) / log(1.25));
  const double ratio = depth < 1 ? 1 : pow(threshold, -1 / depth);
  int r = 0;
  for (size_t from = 0, end; r == 0 && from < t->n; from = end) {
    for (end = from; end < t->n && t->size[end] <= t->size[from] * ratio;) end++;
    r = join_window(w, t->lowest[from], from, end);
    if (r == 0) r = settle(run, w);
    join_forget(w);
    run->out->passes += w->passes;
  }
  return r;
}

static int by_place(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

static int find_pairs(Run *run, Error *err) {
  size_t n = run->src->n, copies;
  run->out->same = malloc((n + 1) * sizeof *run->out->same);
  run->reader = calloc((size_t)run->threads, sizeof *run->reader);
  if (run->out->same == NULL || run->reader == NULL) return -1;
  int r = exact_find(run->src, &(ExactParams){ 0 }, run->pool, run->out->same, &copies, err);
  if (r == 0) r = measure(run);
  if (r != 0) return r;
  size_t room = run->p->room > 0 ? run->p->room : n << 10;
  if (run->p->room == 0 && room < (size_t)64 << 20) room = (size_t)64 << 20;
  JoinWindow w = { .src = run->src, .texts = &run->texts, .pool = run->pool, .threads = run->threads,
                   .shingle = run->p->shingle, .threshold = run->p->threshold, .room = room,
                   .way = run->p->way, .path = run->p->path };
  r = join_begin(&w);
  if (r == 0) r = join_windows(run, &w);
  join_end(&w);
  if (r == 0 && run->out->npairs > 0)
    qsort(run->out->pair, run->out->npairs, sizeof *run->out->pair, by_place);
  return r;
}

static void free_run(Run *run) {
  for (int t = 0; run->reader != NULL && t < run->threads; t++) {
    grams_free(&run->reader[t].mine);
    grams_free(&run->reader[t].theirs);
    gram_table_free(&run->reader[t].table);
    free(run->reader[t].slot);
    free(run->reader[t].hash);
  }
  for (size_t i = 0; run->bits != NULL && i < run->none; i++) free(run->bits[i]);
  void *owned[] = { run->reader, run->centre, run->one, run->size, run->bits, run->texts.text, run->texts.size,
                    run->texts.lowest, run->texts.bits, run->texts.scale, run->texts.centre };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

int join_find(const TextSource *src, const JoinParams *p, Pool *pool, Join *out, Error *err) {
  *out = (Join){ .n = src->n };
  Run run = { .src = src, .p = p, .pool = pool, .threads = pool != NULL ? pool_threads(pool) : 1,
              .out = out };
  int r = find_pairs(&run, err);
  free_run(&run);
  if (r == 0) return 0;
  join_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void join_free(Join *j) {
  free(j->same);
  free(j->pair);
  *j = (Join){ 0 };
}
