/* modules/classify/groups.c - train_groups: texts alike by their words, see train.h. Two sets with a Jaccard of t share
** one of the |x| - ceil(t |x|) + 1 rarest words of either, so only texts that do are compared (Bayardo, Ma, Srikant,
** "Scaling up all pairs similarity search", 2007); texts known to be of one group never are. */
#include <math.h>
#include <stdlib.h>

#include "classify/train.h"
#include "core/pool.h"
#include "core/union_find.h"

typedef struct Word { uint64_t hash; uint32_t often, rank; } Word;

typedef struct Sets {
  uint64_t *hash;        /* [nhash] the words of all texts, each text's sorted and different */
  uint32_t *rank;        /* [nhash] the same by how rare they are, the rarest first */
  size_t *start;         /* [n + 1] */
  size_t nhash, cap;
  Word *word;            /* [nword] by hash */
  size_t nword;
} Sets;

static int by_hash(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static int by_rarity(const void *a, const void *b) {
  const Word *x = *(Word *const *)a, *y = *(Word *const *)b;
  if (x->often != y->often) return x->often < y->often ? -1 : 1;
  return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_rank(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static int add_words(Sets *s, Span text) {
  static const FeatureShape WORDS = { .bits = 32, .words = 1 };
  uint32_t bucket[FEATURES_A_WORD];
  size_t first = s->nhash, kept = first;
  WordWalk w;
  words_begin(&w, text);
  while (words_step(&w)) {
    if (s->nhash == s->cap) {
      size_t cap = s->cap * 2 + 1024;
      uint64_t *grown = realloc(s->hash, cap * sizeof *grown);
      if (grown == NULL) return -1;
      s->hash = grown, s->cap = cap;
    }
    features_of(&w, &WORDS, bucket);
    s->hash[s->nhash++] = w.before;      /* the word's hash, noted for the next */
  }
  if (s->nhash > first) qsort(s->hash + first, s->nhash - first, sizeof *s->hash, by_hash);
  for (size_t i = first; i < s->nhash; i++)
    if (kept == first || s->hash[kept - 1] != s->hash[i]) s->hash[kept++] = s->hash[i];
  s->nhash = kept;
  return 0;
}

static Word *find_word(const Sets *s, uint64_t hash) {
  return bsearch(&hash, s->word, s->nword, sizeof *s->word, by_hash);   /* a Word begins with its hash */
}

static int rank_words(Sets *s, size_t n) {
  uint64_t *all = malloc((s->nhash + 1) * sizeof *all);
  s->word = calloc(s->nhash + 1, sizeof *s->word);
  s->rank = calloc(s->nhash + 1, sizeof *s->rank);
  Word **rare = calloc(s->nhash + 1, sizeof *rare);
  int bad = all == NULL || s->word == NULL || s->rank == NULL || rare == NULL;
  if (!bad && s->nhash > 0) {
    memcpy(all, s->hash, s->nhash * sizeof *all);
    qsort(all, s->nhash, sizeof *all, by_hash);
    for (size_t i = 0; i < s->nhash; i++) {
      if (s->nword == 0 || s->word[s->nword - 1].hash != all[i]) s->word[s->nword++].hash = all[i];
      s->word[s->nword - 1].often++;
    }
    for (size_t i = 0; i < s->nword; i++) rare[i] = &s->word[i];
    qsort(rare, s->nword, sizeof *rare, by_rarity);
    for (size_t i = 0; i < s->nword; i++) rare[i]->rank = (uint32_t)i;
    for (size_t i = 0; i < s->nhash; i++) s->rank[i] = find_word(s, s->hash[i])->rank;
    for (size_t i = 0; i < n; i++)
      if (s->start[i + 1] > s->start[i])
        qsort(s->rank + s->start[i], s->start[i + 1] - s->start[i], sizeof *s->rank, by_rank);
  }
  free(all);
  free(rare);
  return bad ? -1 : 0;
}

static int alike(const Sets *s, size_t a, size_t b, double least) {
  size_t i = s->start[a], j = s->start[b], na = s->start[a + 1] - i, nb = s->start[b + 1] - j, common = 0;
  if ((double)(na < nb ? na : nb) < least * (double)(na < nb ? nb : na)) return 0;
  while (i < s->start[a + 1] && j < s->start[b + 1]) {
    if (s->rank[i] == s->rank[j]) common++, i++, j++;
    else if (s->rank[i] < s->rank[j]) i++;
    else j++;
  }
  return (double)common >= least * (double)(na + nb - common);
}

/* Texts in order, each held against those before it that share one of its rarest words. */
static int connect(const Sets *s, size_t n, double least, uint32_t *group, Error *err) {
  uint32_t *last = malloc((s->nword + 1) * sizeof *last);      /* by word: the last text that has it among its rarest */
  uint32_t *text = malloc((s->nhash + 1) * sizeof *text), *before = malloc((s->nhash + 1) * sizeof *before);
  size_t links = 0;                                            /* link k: text[k], and the link before it or none */
  int bad = last == NULL || text == NULL || before == NULL ? error_memory(err) : 0;
  for (size_t i = 0; bad == 0 && i < s->nword; i++) last[i] = UINT32_MAX;
  for (size_t i = 0; bad == 0 && i < n; i++) {
    size_t size = s->start[i + 1] - s->start[i];
    size_t rarest = size > 0 ? size - (size_t)ceil(least * (double)size - 1e-9) + 1 : 0;
    for (size_t k = 0; k < rarest && k < size; k++) {
      uint32_t word = s->rank[s->start[i] + k];
      for (uint32_t at = last[word]; at != UINT32_MAX; at = before[at])
        if (union_root(group, text[at]) != union_root(group, (uint32_t)i) && alike(s, text[at], i, least))
          union_join(group, text[at], (uint32_t)i);
      text[links] = (uint32_t)i, before[links] = last[word], last[word] = (uint32_t)links++;
    }
    if (interrupt_pending()) bad = error_set(err, "interrupted");
  }
  free(last);
  free(text);
  free(before);
  return bad;
}

int train_groups(const Span *text, size_t n, double least, uint32_t *group, Error *err) {
  Sets s = { 0 };
  union_begin(group, n);
  s.start = calloc(n + 1, sizeof *s.start);
  int bad = s.start == NULL;
  for (size_t i = 0; !bad && i < n; i++) {
    bad = add_words(&s, text[i]);
    s.start[i + 1] = s.nhash;
  }
  bad = bad || rank_words(&s, n) != 0 ? error_memory(err) : connect(&s, n, least, group, err);
  for (size_t i = 0; i < n; i++) group[i] = union_root(group, (uint32_t)i);
  free(s.hash);
  free(s.rank);
  free(s.start);
  free(s.word);
  return bad;
}
