/* tests/fuzz/fuzz_conflict.c - any two texts as answers: the signal is the same whichever comes first, none is given to
** a text and itself, and the sets that it rests on are ascending. Input: label_words, signals, then two texts with a
** byte 0xFF between. */
#include <stdlib.h>

#include "conflict/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void ascending(const uint64_t *list, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (list[i - 1] >= list[i]) abort();
}

static Span copy(const uint8_t *from, size_t len) {
  char *p = malloc(len > 0 ? len : 1);   /* a block of its own: reading past it is seen */
  if (p == NULL) abort();
  if (len > 0) memcpy(p, from, len);
  return span_of(p, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 2) return 0;
  ConflictRules r = { .signals = data[1] & ~1u, .alike = 0.8, .label_words = data[0] % 8, .shingle = 5 };
  Span yes = span_str("yes"), no = span_str("no"), neither = span_str("no problem");
  Span marker[] = { span_str("####"), span_str("answer:") };
  r.negation = malloc(2 * sizeof *r.negation);
  if (r.negation == NULL || phrases_init(&r.yes, &yes, 1) != 0 || phrases_init(&r.no, &no, 1) != 0 ||
      phrases_init(&r.neither, &neither, 1) != 0 || phrases_lower(&r.marker, marker, 2) != 0)
    abort();
  uint64_t plain = answer_word(span_str("not")), cannot = answer_word(span_str("cannot"));
  r.negation[0] = (Negation){ plain < cannot ? plain : cannot, 0 };
  r.negation[1] = (Negation){ plain < cannot ? cannot : plain, 0 };
  r.nnegations = 2;
  const uint8_t *cut = memchr(data + 2, 0xFF, len - 2);
  size_t first = cut != NULL ? (size_t)(cut - data) - 2 : len - 2;
  Span x = copy(data + 2, first), y = cut != NULL ? copy(cut + 1, len - first - 3) : copy(data, 0);
  Answer a = { 0 }, b = { 0 };
  if (answer_read(&a, &r, x) != 0 || answer_read(&b, &r, y) != 0) abort();
  ascending(a.word, a.nwords);
  ascending(a.number, a.nnumbers);
  int signal = answers_conflict(&r, &a, &b, 1);
  if (signal < 0 || signal >= CONFLICT_SIGNALS || signal != answers_conflict(&r, &b, &a, 1)) abort();
  if (answers_conflict(&r, &a, &a, 1) != CONFLICT_NONE) abort();
  if (answers_ask_the_same(&a, &b) != answers_ask_the_same(&b, &a)) abort();
  answer_free(&a);
  answer_free(&b);
  conflict_rules_free(&r);
  free((char *)x.ptr);
  free((char *)y.ptr);
  return 0;
}
