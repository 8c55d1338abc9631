/* tests/eval/brute.c - the pairs of texts at a Jaccard or above, by the definition and nothing else:
** every shingle of every text in one list, the list sorted, and each stretch of equal ones counted
** for all pairs of texts in it. Shares no code with the engine.
**   brute SHINGLE FLOOR < texts      a folded text a line; up to 5,000, a shingle of up to 6 code points
** Writes "a b jaccard" a line, a < b from 1. A text shorter than a shingle matches its copies alone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 5000 };

typedef struct Shingle { uint64_t high, low; uint32_t text; } Shingle;

static Shingle *all;
static size_t n, cap;
static char *text[MOST];
static size_t len[MOST];
static uint32_t distinct[MOST];   /* 0: shorter than a shingle */
static uint16_t *common;          /* [texts * texts] */

static int by_value(const void *a, const void *b) {
  const Shingle *x = a, *y = b;
  if (x->high != y->high) return x->high < y->high ? -1 : 1;
  if (x->low != y->low) return x->low < y->low ? -1 : 1;
  return x->text < y->text ? -1 : x->text > y->text;
}

/* The code point at p of valid UTF-8, and behind it. */
static const char *point(const char *p, uint32_t *out) {
  unsigned char c = (unsigned char)*p++;
  int more = c < 0x80 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
  uint32_t v = more == 0 ? c : c & (0x3Fu >> more);
  while (more-- > 0) v = v << 6 | ((unsigned char)*p++ & 0x3F);
  *out = v;
  return p;
}

static void add_text(uint32_t i, unsigned size) {
  uint32_t *cp = malloc((len[i] + 1) * sizeof *cp);
  size_t points = 0;
  if (cp == NULL) exit(1);
  for (const char *p = text[i]; p < text[i] + len[i];) p = point(p, &cp[points++]);
  for (size_t k = 0; k + size <= points; k++) {
    if (n == cap) all = realloc(all, (cap = cap * 2 + 1024) * sizeof *all);
    if (all == NULL) exit(1);
    Shingle s = { 0, 0, i };
    for (unsigned m = 0; m < size; m++) {
      if (m < 3) s.high = s.high << 21 | cp[k + m];
      else s.low = s.low << 21 | cp[k + m];
    }
    all[n++] = s;
  }
  free(cp);
}

/* One of each shingle of a text, then how many a pair shares. */
static void count(size_t texts) {
  size_t kept = 0;
  qsort(all, n, sizeof *all, by_value);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || by_value(&all[i], &all[i - 1]) != 0) all[kept++] = all[i];
  for (size_t i = 0, k; i < kept; i = k) {
    for (k = i; k < kept && all[k].high == all[i].high && all[k].low == all[i].low; k++) distinct[all[k].text]++;
    for (size_t a = i; a < k; a++)
      for (size_t b = a + 1; b < k; b++) common[all[a].text * texts + all[b].text]++;
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  unsigned size = (unsigned)atoi(argv[1]);
  double floor = atof(argv[2]);
  size_t texts = 0, room = 0;
  char *line = NULL;
  if (size < 1 || size > 6) return 2;
  for (ssize_t got; texts < MOST && (got = getline(&line, &room, stdin)) > 0; texts++, line = NULL, room = 0) {
    text[texts] = line;
    len[texts] = (size_t)got - (line[got - 1] == '\n');
    add_text((uint32_t)texts, size);
  }
  common = calloc(texts * texts + 1, sizeof *common);
  if (common == NULL) return 1;
  count(texts);
  for (size_t a = 0; a < texts; a++)
    for (size_t b = a + 1; b < texts; b++) {
      uint32_t c = common[a * texts + b];
      double j = c > 0 ? (double)c / (double)(distinct[a] + distinct[b] - c) : 0;
      if (distinct[a] == 0 && distinct[b] == 0) j = len[a] == len[b] && memcmp(text[a], text[b], len[a]) == 0;
      if (j >= floor) printf("%zu %zu %.17g\n", a + 1, b + 1, j);
    }
  return 0;
}
