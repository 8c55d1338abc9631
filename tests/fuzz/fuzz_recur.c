/* tests/fuzz/fuzz_recur.c - any bytes as sentences: they lie in the text, in order, without white space at their ends,
** and hold all of it but white space; and what recurs among them, against plain counting.
** Input: min_rows, min_words, then texts that end with a byte 0xFE. */
#include <stdlib.h>

#include "recur/recur.h"
#include "text/chars.h"
#include "text/fold.h"

enum { TEXTS = 32, KEYS = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

typedef struct Plain { RecurTexts texts; Span text[TEXTS]; } Plain;
static Span plain_text(const RecurTexts *t, size_t i, int worker) {
  (void)worker;
  return ((const Plain *)t)->text[i];
}

static int is_blank(const char *from, const char *to) {
  Span s = span_of(from, (size_t)(to - from));
  for (size_t i = 0, next; i < s.len; i = next)
    if (!chars_is_space(chars_decode(s.ptr, s.len, i, &next))) return 0;
  return 1;
}

static void check_split(const Abbreviations *a, Span text) {
  const char *behind = text.ptr;
  Sentence s;
  for (size_t at = 0; (s = sentence_next(a, text, &at)).text.ptr != NULL; behind = s.text.ptr + s.text.len) {
    if (s.text.len == 0 || s.text.ptr < behind || s.text.ptr + s.text.len > text.ptr + text.len) abort();
    if (!is_blank(behind, s.text.ptr) || at < (size_t)(s.text.ptr + s.text.len - text.ptr)) abort();
  }
  if (!is_blank(behind, text.ptr + text.len)) abort();
}

typedef struct Seen { SentenceKey key; size_t rows, last; } Seen;

static void count_plainly(const Plain *p, size_t texts, const RecurParams *params, Seen *seen, size_t *nseen) {
  for (size_t i = 0; i < texts; i++) {
    size_t at = 0, k, sentences = 0;
    Sentence s, only = { { NULL, 0 }, 0 };
    while ((s = sentence_next(params->abbreviations, p->text[i], &at)).text.ptr != NULL && sentences++ == 0) only = s;
    if (sentences == 1 && !only.ended) continue;
    for (at = 0; (s = sentence_next(params->abbreviations, p->text[i], &at)).text.ptr != NULL;) {
      char *room = malloc(fold_room(s.text.len));
      if (room == NULL) abort();
      SentenceKey key = sentence_key(s.text, room);
      free(room);
      if (key.words < params->min_words) continue;
      for (k = 0; k < *nseen && (seen[k].key.hi != key.hi || seen[k].key.lo != key.lo); k++) {}
      if (k == *nseen && k < KEYS) seen[(*nseen)++] = (Seen){ key, 1, i };
      else if (k < *nseen && seen[k].last != i) seen[k].rows++, seen[k].last = i;
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  static Seen seen[KEYS];
  if (n < 3 || n > 8192) return 0;
  Span word = span_str("dr");
  Abbreviations a;
  Plain p = { { 0, plain_text }, { { NULL, 0 } } };
  RecurParams params = { &a, 1 + d[1] % 3, 0, 2 + d[0] % 3, (size_t)1 << d[0] % 5 };
  if (abbreviations_init(&a, &word, 1) != 0) abort();
  for (size_t i = 2; i < n && p.texts.n < TEXTS; i++) {
    size_t from = i;
    while (i < n && d[i] != 0xFE) i++;
    char *copy = malloc(i - from + (i == from));
    if (copy == NULL) abort();
    memcpy(copy, d + from, i - from);
    p.text[p.texts.n++] = span_of(copy, i - from);
  }
  for (size_t i = 0; i < p.texts.n; i++) check_split(&a, p.text[i]);
  size_t nseen = 0, recurring = 0;
  count_plainly(&p, p.texts.n, &params, seen, &nseen);
  Recur r;
  Error err;
  if (recur_find(&p.texts, &params, NULL, &r, &err) != 0) abort();
  for (size_t k = 0; k < nseen; k++) {
    uint32_t place = recur_place(&r, &seen[k].key);
    if ((place != RECUR_NONE) != (seen[k].rows >= r.bound)) abort();
    if (place != RECUR_NONE && r.list[place].rows != seen[k].rows) abort();
    recurring += place != RECUR_NONE;
  }
  if (nseen < KEYS && recurring != r.n) abort();
  recur_free(&r);
  abbreviations_free(&a);
  for (size_t i = 0; i < p.texts.n; i++) free((char *)p.text[i].ptr);
  return 0;
}
