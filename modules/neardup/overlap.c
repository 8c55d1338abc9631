/* modules/neardup/overlap.c - see overlap.h */
#include "neardup/overlap.h"

#include <math.h>
#include <stdlib.h>

enum { GRAIN = 64, NONE = TEXT_NONE };

/* A set of 64-bit keys, numbered from 0 as they come. */
typedef struct Keys {
  uint64_t *key;        /* [1 << bits]; */
  uint32_t *number;     /* NONE: free */
  unsigned bits;
  size_t n;
  uint64_t *filter;     /* [1 << bits] bits times 8 */
} Keys;

/* Grams of one length: which questions have them, and where. */
typedef struct GramIndex {
  unsigned n;
  uint64_t power;
  Keys keys;
  uint32_t *start;      /* [keys.n + 1] into at */
  uint32_t *at;         /* gold words where the gram begins */
  uint32_t *texts;      /* [keys.n] that have it, gold and rows */
  uint8_t *followed;    /* [keys.n] starts runs */
} GramIndex;

enum { LONG, SHORT, LENGTHS };

typedef struct Gold {
  size_t n;
  uint32_t *from;       /* [n + 1] first word of a question; */
  uint32_t *answer;     /* [n] of its answer, which ends where the next question begins */
  size_t words, word_cap;
  uint64_t *hash;       /* [words] */
  uint32_t *word;       /* [words] number in vocabulary */
  uint32_t *text_of;    /* [words] */
  size_t *start;        /* [words + 1] into bytes */
  char *bytes;
  size_t len, cap;
  double *weight;       /* [vocabulary] */
  double *total;        /* [n] of a question */
} Gold;

typedef struct WordRun { uint32_t row, gold, n, next; } WordRun;   /* first word in the row, in gold; the gold text's next run */

typedef struct Worker {
  Words words;
  uint32_t *word_stamp, *word_count;                    /* [vocabulary] */
  uint32_t *gram_stamp[LENGTHS], *gram_count[LENGTHS];  /* [grams] */
  uint32_t *first;      /* [gold] its first run in this row; NONE */
  uint32_t *runs;       /* [gold] how many */
  uint32_t *touched;    /* [gold] */
  size_t ntouched;
  WordRun *run;
  size_t nruns, run_cap;
  uint8_t *covered;     /* [longest question or answer] zero between uses */
} Worker;

typedef struct Run {
  const TextSource *rows, *questions, *answers;
  const OverlapParams *p;
  Gold gold;
  Keys vocabulary;
  uint32_t *texts;      /* [vocabulary] that have the word */
  GramIndex index[LENGTHS];
  uint8_t *candidate;   /* [rows] has a gram of a question */
  Worker *worker;
  int threads;
  OverlapMatch *out;
} Run;

/* ---- keys ---- */

static size_t slot_of(uint64_t key, unsigned bits) { return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits)); }

static int keys_init(Keys *k, size_t most) {
  *k = (Keys){ .bits = 6 };
  while ((size_t)1 << k->bits < 2 * most + 2) k->bits++;
  size_t slots = (size_t)1 << k->bits;
  k->key = malloc(slots * sizeof *k->key);
  k->number = malloc(slots * sizeof *k->number);
  k->filter = calloc(slots / 8, sizeof *k->filter);
  if (k->key == NULL || k->number == NULL || k->filter == NULL) return -1;
  memset(k->number, 0xFF, slots * sizeof *k->number);
  return 0;
}

static void keys_free(Keys *k) {
  free(k->key);
  free(k->number);
  free(k->filter);
}

static uint32_t keys_find(const Keys *k, uint64_t key) {
  size_t bit = (size_t)(words_mix(key) >> (61 - k->bits));   /* eight bits a slot */
  if (!(k->filter[bit >> 6] >> (bit & 63) & 1)) return NONE;
  size_t mask = ((size_t)1 << k->bits) - 1, at = slot_of(key, k->bits);
  while (k->number[at] != NONE && k->key[at] != key) at = (at + 1) & mask;
  return k->number[at];
}

static uint32_t keys_add(Keys *k, uint64_t key) {
  size_t mask = ((size_t)1 << k->bits) - 1, at = slot_of(key, k->bits), bit = (size_t)(words_mix(key) >> (61 - k->bits));
  while (k->number[at] != NONE && k->key[at] != key) at = (at + 1) & mask;
  if (k->number[at] != NONE) return k->number[at];
  k->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
  k->key[at] = key;
  return k->number[at] = (uint32_t)k->n++;
}

/* ---- reading the gold texts ---- */

static int add_words(Gold *g, const Words *w, uint32_t text) {
  if (g->words + w->n >= NONE) return -1;
  if (g->words + w->n + 1 > g->word_cap) {
    size_t cap = (g->words + w->n) * 2 + 1024;
    uint64_t *hash = realloc(g->hash, cap * sizeof *hash);
    if (hash != NULL) g->hash = hash;
    uint32_t *of = realloc(g->text_of, cap * sizeof *of);
    if (of != NULL) g->text_of = of;
    size_t *start = realloc(g->start, cap * sizeof *start);
    if (start != NULL) g->start = start;
    if (hash == NULL || of == NULL || start == NULL) return -1;
    g->word_cap = cap;
  }
  for (size_t i = 0; i < w->n; i++) {
    Span word = words_at(w, i);
    if (g->len + word.len > g->cap) {
      size_t cap = (g->len + word.len) * 2 + 4096;
      char *bytes = realloc(g->bytes, cap);
      if (bytes == NULL) return -1;
      g->bytes = bytes;
      g->cap = cap;
    }
    memcpy(g->bytes + g->len, word.ptr, word.len);
    g->start[g->words] = g->len;
    g->text_of[g->words] = text;
    g->hash[g->words++] = w->hash[i];
    g->len += word.len;
  }
  g->start[g->words] = g->len;
  return 0;
}

static int read_gold(Run *r, size_t *longest) {
  Gold *g = &r->gold;
  Words *w = &r->worker[0].words;
  g->n = r->questions->n;
  g->from = malloc((g->n + 1) * sizeof *g->from);
  g->answer = malloc((g->n + 1) * sizeof *g->answer);
  g->total = calloc(g->n + 1, sizeof *g->total);
  if (g->from == NULL || g->answer == NULL || g->total == NULL) return -1;
  for (size_t i = 0; i < g->n; i++) {
    g->from[i] = (uint32_t)g->words;
    if (words_read(r->questions, i, 0, WORDS_BARE, w) != 0 || add_words(g, w, (uint32_t)i) != 0) return -1;
    if (w->n > *longest) *longest = w->n;
    g->answer[i] = (uint32_t)g->words;
    if (words_read(r->answers, i, 0, WORDS_BARE, w) != 0 || add_words(g, w, (uint32_t)i) != 0) return -1;
  }
  g->from[g->n] = (uint32_t)g->words;
  if (*longest < OVERLAP_ANSWER_MOST) *longest = OVERLAP_ANSWER_MOST;
  g->word = malloc((g->words + 1) * sizeof *g->word);
  if (g->word == NULL || keys_init(&r->vocabulary, g->words) != 0) return -1;
  for (size_t i = 0; i < g->words; i++) g->word[i] = keys_add(&r->vocabulary, g->hash[i]);
  return 0;
}

/* Which of the two lengths a question is indexed by; LENGTHS: none. */
static int length_of(const Run *r, size_t i) {
  uint32_t words = r->gold.answer[i] - r->gold.from[i];
  return words >= r->index[LONG].n ? LONG : words >= r->index[SHORT].n ? SHORT : LENGTHS;
}

/* Calls of roll: the gram that ends with the token at i, once n tokens were seen. */
static uint64_t roll(uint64_t *h, const uint64_t *token, size_t i, const GramIndex *x) {
  if (i >= x->n) *h -= token[i - x->n] * x->power;
  *h = *h * WORDS_BASE + token[i];
  return words_mix(*h);
}

/* Two walks over the questions' grams: the first counts, the second lays them down. */
static int index_grams(Run *r, int length) {
  GramIndex *x = &r->index[length];
  const Gold *g = &r->gold;
  size_t grams = 0;
  for (size_t i = 0; i < g->n; i++)
    if (length_of(r, i) == length) grams += g->answer[i] - g->from[i] - x->n + 1;
  x->power = words_power(x->n);
  x->start = calloc(grams + 2, sizeof *x->start);
  x->at = malloc((grams + 1) * sizeof *x->at);
  x->texts = calloc(grams + 1, sizeof *x->texts);
  x->followed = calloc(grams + 1, 1);
  if (keys_init(&x->keys, grams) != 0 || !x->start || !x->at || !x->texts || !x->followed) return -1;
  for (int turn = 0; turn < 2; turn++) {
    for (size_t i = 0; i < g->n; i++) {
      const uint64_t *token = g->hash + g->from[i];
      uint64_t h = 0;
      if (length_of(r, i) != length) continue;
      for (uint32_t k = 0; k < g->answer[i] - g->from[i]; k++) {
        uint64_t key = roll(&h, token, k, x);
        if (k + 1 < x->n) continue;
        uint32_t gram = keys_add(&x->keys, key);
        if (turn == 0) x->start[gram + 1]++;
        else x->at[--x->start[gram + 1]] = g->from[i] + k + 1 - x->n;
      }
    }
    /* start[k + 1] is the end of gram k; laying down from its end backwards leaves its begin */
    for (size_t k = 0; turn == 0 && k < x->keys.n; k++) x->start[k + 1] += x->start[k];
  }
  for (size_t k = 0; k < x->keys.n; k++) x->start[k] = x->start[k + 1];
  x->start[x->keys.n] = (uint32_t)grams;
  return 0;
}

/* ---- how many texts have a word, a gram ---- */

static void stamp(uint32_t *stamps, uint32_t *count, uint32_t i, uint32_t text) {
  count[i] += stamps[i] != text;
  stamps[i] = text;
}

/* Counts a text's words and grams; returns whether it has a gram. `text` is its own number, from 1. */
static int count_words(const Run *r, Worker *w, uint32_t text) {
  int found = 0;
  for (size_t i = 0; i < w->words.n; i++) {
    uint32_t word = keys_find(&r->vocabulary, w->words.hash[i]);
    if (word != NONE) stamp(w->word_stamp, w->word_count, word, text);
  }
  for (int length = 0; length < LENGTHS; length++) {
    const GramIndex *x = &r->index[length];
    for (size_t p = 0; x->keys.n > 0 && p < w->words.npieces; p++) {
      const uint64_t *token = w->words.hash + w->words.piece[p];
      uint64_t h = 0;
      for (uint32_t i = 0; i < w->words.piece[p + 1] - w->words.piece[p]; i++) {
        uint64_t key = roll(&h, token, i, x);
        uint32_t gram = i + 1 < x->n ? NONE : keys_find(&x->keys, key);
        if (gram == NONE) continue;
        stamp(w->gram_stamp[length], w->gram_count[length], gram, text);
        found = 1;
      }
    }
  }
  return found;
}

static int count_rows(void *ctx, size_t begin, size_t end, int worker) {
  Run *r = ctx;
  Worker *w = &r->worker[worker];
  for (size_t i = begin; i < end; i++) {
    if (words_read(r->rows, i, worker, WORDS_BARE, &w->words) != 0) return -1;
    r->candidate[i] = (uint8_t)count_words(r, w, (uint32_t)i + 1);
  }
  return 0;
}

static int count_gold(Run *r) {
  Worker *w = &r->worker[0];
  uint32_t text = (uint32_t)r->rows->n;
  for (size_t i = 0; i < r->gold.n; i++) {
    text++;
    if (words_read(r->questions, i, 0, WORDS_BARE, &w->words) != 0) return -1;
    count_words(r, w, text);
    for (uint32_t k = r->gold.answer[i]; k < r->gold.from[i + 1]; k++)
      stamp(w->word_stamp, w->word_count, r->gold.word[k], text);
  }
  return 0;
}

/* Frequencies of all workers, weights, and which grams start runs. */
static int weigh(Run *r) {
  Gold *g = &r->gold;
  double texts = (double)(r->rows->n + g->n), common = r->p->common * texts;
  g->weight = malloc((r->vocabulary.n + 1) * sizeof *g->weight);
  if (g->weight == NULL) return -1;
  for (size_t i = 0; i < r->vocabulary.n; i++) {
    uint32_t have = 0;
    for (int t = 0; t < r->threads; t++) have += r->worker[t].word_count[i];
    g->weight[i] = log(1 + texts / (have > 0 ? have : 1));
  }
  if (common < r->p->common_texts) common = r->p->common_texts;
  for (int length = 0; length < LENGTHS; length++) {
    GramIndex *x = &r->index[length];
    for (size_t i = 0; i < x->keys.n; i++) {
      for (int t = 0; t < r->threads; t++) x->texts[i] += r->worker[t].gram_count[length][i];
      x->followed[i] = x->texts[i] <= common;
    }
  }
  for (size_t i = 0; i < g->n; i++) {
    for (uint32_t k = g->from[i]; k < g->answer[i]; k++) g->total[i] += g->weight[g->word[k]];
    int length = length_of(r, i);
    if (length == LENGTHS) continue;
    GramIndex *x = &r->index[length];
    uint32_t rarest = NONE;
    uint64_t h = 0;
    for (uint32_t k = 0; k < g->answer[i] - g->from[i]; k++) {
      uint64_t key = roll(&h, g->hash + g->from[i], k, x);
      uint32_t gram = k + 1 < x->n ? NONE : keys_find(&x->keys, key);
      if (gram != NONE && (rarest == NONE || x->texts[gram] < x->texts[rarest])) rarest = gram;
    }
    if (rarest != NONE) x->followed[rarest] = 1;
  }
  return 0;
}

/* ---- runs ---- */

static int same_word(const Gold *g, const Words *w, size_t row, size_t gold) {
  return span_eq(words_at(w, row), span_of(g->bytes + g->start[gold], g->start[gold + 1] - g->start[gold]));
}

/* The run through row word i and gold word k, unless it is known. */
static int add_run(const Run *r, Worker *w, uint32_t i, uint32_t k, uint32_t low, uint32_t high) {
  const Gold *g = &r->gold;
  uint32_t text = g->text_of[k], from = i, to = i, gold = k;
  for (uint32_t s = w->first[text]; s != NONE; s = w->run[s].next)
    if (w->run[s].row - w->run[s].gold == i - k && i < w->run[s].row + w->run[s].n && i >= w->run[s].row) return 0;
  if (w->runs[text] == OVERLAP_RUNS_MOST) return 0;
  while (from > low && gold > g->from[text] && w->words.hash[from - 1] == g->hash[gold - 1]) from--, gold--;
  for (uint32_t e = k; to < high && e < g->answer[text] && w->words.hash[to] == g->hash[e]; e++) to++;
  if (w->nruns == w->run_cap) {
    size_t cap = w->run_cap * 2 + 64;
    WordRun *more = realloc(w->run, cap * sizeof *more);
    if (more == NULL) return -1;
    w->run = more;
    w->run_cap = cap;
  }
  if (w->first[text] == NONE) w->touched[w->ntouched++] = text;
  w->run[w->nruns] = (WordRun){ from, gold, to - from, w->first[text] };
  w->first[text] = (uint32_t)w->nruns++;
  w->runs[text]++;
  return 0;
}

static int find_runs(const Run *r, Worker *w) {
  w->nruns = w->ntouched = 0;
  for (int length = 0; length < LENGTHS; length++) {
    const GramIndex *x = &r->index[length];
    for (size_t p = 0; x->keys.n > 0 && p < w->words.npieces; p++) {
      uint32_t low = w->words.piece[p], high = w->words.piece[p + 1];
      uint64_t h = 0;
      for (uint32_t i = 0; i < high - low; i++) {
        uint64_t key = roll(&h, w->words.hash + low, i, x);
        uint32_t gram = i + 1 < x->n ? NONE : keys_find(&x->keys, key);
        if (gram == NONE || !x->followed[gram]) continue;
        for (uint32_t k = x->start[gram]; k < x->start[gram + 1]; k++)
          if (add_run(r, w, low + i + 1 - x->n, x->at[k], low, high) != 0) return -1;
      }
    }
  }
  return 0;
}

/* ---- figures ---- */

/* Weighed share of the answer that stands behind the run. */
static double answer_near(const Run *r, Worker *w, uint32_t text, const WordRun *run) {
  const Gold *g = &r->gold;
  uint32_t a = g->answer[text], n = g->from[text + 1] - a;
  if (n == 0) return NAN;
  if (n > OVERLAP_ANSWER_MOST) n = OVERLAP_ANSWER_MOST;
  uint32_t need = n < r->p->answer_run ? n : r->p->answer_run, from = run->row;
  size_t to = (size_t)run->row + run->n + r->p->distance + n;
  if (to > w->words.n) to = w->words.n;
  double sum = 0, all = 0;
  for (uint32_t k = 0; k + need <= n; k++)
    for (size_t i = from; i + need <= to; i++) {
      uint32_t m = 0;
      while (m < need && w->words.hash[i + m] == g->hash[a + k + m] && same_word(g, &w->words, i + m, a + k + m)) m++;
      if (m < need) continue;
      memset(w->covered + k, 1, need);
      break;
    }
  for (uint32_t k = 0; k < n; k++) {
    double weight = g->weight[g->word[a + k]];
    all += weight;
    if (w->covered[k]) sum += weight;
    w->covered[k] = 0;
  }
  return all > 0 ? sum / all : 0;
}

/* Shortens a run to what agrees by bytes: all of it, unless two hashes met. */
static void verify_run(const Run *r, const Worker *w, WordRun *run) {
  uint32_t n = 0;
  while (n < run->n && same_word(&r->gold, &w->words, run->row + n, run->gold + n)) n++;
  if (n < run->n && n < r->index[LONG].n) n = 0;
  run->n = n;
}

/* Figures of one question; whether they make a match. */
static int judge(const Run *r, Worker *w, uint32_t text, OverlapMatch *m) {
  const Gold *g = &r->gold;
  const OverlapParams *p = r->p;
  uint32_t words = g->answer[text] - g->from[text], covered = 0;
  const WordRun *longest = NULL;
  double sum = 0;
  for (uint32_t s = w->first[text]; s != NONE; s = w->run[s].next) {
    WordRun *run = &w->run[s];
    verify_run(r, w, run);
    if (run->n == 0) continue;
    memset(w->covered + (run->gold - g->from[text]), 1, run->n);
    if (longest == NULL || run->n > longest->n || (run->n == longest->n && run->row < longest->row)) longest = run;
  }
  for (uint32_t k = 0; k < words; k++) {
    if (w->covered[k]) sum += g->weight[g->word[g->from[text] + k]];
    covered += w->covered[k];
    w->covered[k] = 0;
  }
  *m = (OverlapMatch){ .gold = text, .coverage = (double)covered / words, .answer = NAN,
                       .overlap = g->total[text] > 0 ? sum / g->total[text] : (double)covered / words };
  if (longest == NULL) return 0;
  m->longest = longest->n;
  m->contained = longest->n == words;
  int whole = length_of(r, text) == LONG;
  if (whole ? m->overlap < p->threshold && m->overlap < p->with_answer : !m->contained) return 0;
  m->answer = answer_near(r, w, text, longest);
  uint32_t piece = 0;
  while (w->words.piece[piece + 1] <= longest->row) piece++;
  m->string = piece;
  m->first = w->words.nth[longest->row];
  m->last = w->words.nth[longest->row + longest->n - 1];
  int answered = m->answer >= p->answered, enough = m->overlap >= p->threshold && covered >= p->words;
  if (m->contained && p->contained && (whole || answered)) return 1;
  m->contained = 0;
  return whole && (enough || (answered && m->overlap >= p->with_answer));
}

static int better(const OverlapMatch *a, const OverlapMatch *b) {
  if (a->gold == NONE || b->gold == NONE) return a->gold == NONE;
  if (a->contained != b->contained) return b->contained;
  return b->overlap != a->overlap ? b->overlap > a->overlap : b->gold < a->gold;
}

static int match_rows(void *ctx, size_t begin, size_t end, int worker) {
  Run *r = ctx;
  Worker *w = &r->worker[worker];
  for (size_t i = begin; i < end; i++) {
    OverlapMatch best = { .gold = NONE };
    if (r->candidate[i]) {
      if (words_read(r->rows, i, worker, WORDS_BARE, &w->words) != 0 || find_runs(r, w) != 0) return -1;
      double most = 0;
      for (size_t t = 0; t < w->ntouched; t++) {
        OverlapMatch m;
        uint32_t text = w->touched[t];
        int matches = judge(r, w, text, &m);
        if (m.overlap > most) most = m.overlap;
        if (matches && better(&best, &m)) best = m;
        w->first[text] = NONE;
        w->runs[text] = 0;
      }
      best.best = most;
    }
    r->out[i] = best;
  }
  return 0;
}

/* ---- the whole ---- */

static int open_workers(Run *r, size_t longest) {
  for (int t = 0; t < r->threads; t++) {
    Worker *w = &r->worker[t];
    w->word_stamp = calloc(r->vocabulary.n + 1, sizeof(uint32_t));
    w->word_count = calloc(r->vocabulary.n + 1, sizeof(uint32_t));
    int bad = w->word_stamp == NULL || w->word_count == NULL;
    for (int length = 0; length < LENGTHS; length++) {
      w->gram_stamp[length] = calloc(r->index[length].keys.n + 1, sizeof(uint32_t));
      w->gram_count[length] = calloc(r->index[length].keys.n + 1, sizeof(uint32_t));
      bad |= w->gram_stamp[length] == NULL || w->gram_count[length] == NULL;
    }
    w->first = malloc((r->gold.n + 1) * sizeof(uint32_t));
    w->runs = calloc(r->gold.n + 1, sizeof(uint32_t));
    w->touched = malloc((r->gold.n + 1) * sizeof(uint32_t));
    w->covered = calloc(longest + 1, 1);
    if (bad || !w->first || !w->runs || !w->touched || !w->covered) return -1;
    memset(w->first, 0xFF, (r->gold.n + 1) * sizeof(uint32_t));
  }
  return 0;
}

static void run_free(Run *r) {
  for (int t = 0; r->worker != NULL && t < r->threads; t++) {
    Worker *w = &r->worker[t];
    words_free(&w->words);
    void *owned[] = { w->word_stamp, w->word_count, w->gram_stamp[LONG], w->gram_stamp[SHORT], w->gram_count[LONG],
                      w->gram_count[SHORT], w->first, w->runs, w->touched, w->run, w->covered };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  }
  for (int length = 0; length < LENGTHS; length++) {
    GramIndex *x = &r->index[length];
    keys_free(&x->keys);
    free(x->start);
    free(x->at);
    free(x->texts);
    free(x->followed);
  }
  keys_free(&r->vocabulary);
  Gold *g = &r->gold;
  void *owned[] = { g->from, g->answer, g->hash, g->word, g->text_of, g->start, g->bytes, g->weight, g->total,
                    r->worker, r->candidate };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

int overlap_find(const TextSource *rows, const TextSource *questions, const TextSource *answers,
                 const OverlapParams *p, Pool *pool, OverlapMatch *out, Error *err) {
  Run r = { .rows = rows, .questions = questions, .answers = answers, .p = p, .out = out,
            .threads = pool != NULL ? pool_threads(pool) : 1 };
  size_t longest = 0;
  r.index[LONG].n = p->ngram;
  r.index[SHORT].n = p->shortest < p->ngram ? p->shortest : p->ngram;
  r.worker = calloc((size_t)r.threads, sizeof *r.worker);
  r.candidate = calloc(rows->n + 1, 1);
  int i = r.worker == NULL || r.candidate == NULL ? -1 : read_gold(&r, &longest);
  for (int length = 0; i == 0 && length < LENGTHS; length++) i = index_grams(&r, length);
  if (i == 0) i = open_workers(&r, longest);
  if (i == 0) i = pool_for(pool, rows->n, GRAIN, count_rows, &r);
  if (i == 0) i = count_gold(&r);
  if (i == 0) i = weigh(&r);
  if (i == 0) i = pool_for(pool, rows->n, GRAIN, match_rows, &r);
  run_free(&r);
  return i == 0 || i == POOL_INTERRUPTED ? i : error_memory(err);
}
