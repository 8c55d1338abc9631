/* tests/fuzz/fuzz_phrases.c - the first byte says how many words count and how many phrases are good; lines before the
** first empty one are phrases, by turns of two rules, the rest is the text: the span lies in the text, on whole words,
** and the words that it shows hold a phrase of the rule that the matcher named */
#include <stdlib.h>

#include "rules/phrases.h"
#include "text/chars.h"
#include "text/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_PHRASES = 16, RULES = 2 };

static Span folded(Span text) {   /* owned */
  char *room = malloc(fold_room(text.len));
  if (room == NULL) abort();
  return span_of(room, fold_text(room, text, 0, NULL));
}

static int holds(Span shown, Span phrase) {
  if (phrase.len > 0 && phrase.ptr[0] == '*') phrase.ptr++, phrase.len--;
  if (phrase.len > 0 && phrase.ptr[phrase.len - 1] == '*') phrase.len--;
  Span t = folded(shown), p = folded(phrase);
  int found = p.len > 0 && memmem(t.ptr, t.len, p.ptr, p.len) != NULL;
  free((char *)t.ptr);
  free((char *)p.ptr);
  return found;
}

static void check_found(const PhrasesSpec *spec, Span text, const PhrasesFound *f) {
  if (f->rule < 0 && f->n == 0) return;
  if (f->rule < 0 || f->rule >= RULES || f->n == 0 || f->n > spec->n) abort();
  if (f->start > f->end || f->end > text.len) abort();
  if (f->n <= spec->most) return;
  Span shown = span_of(text.ptr + f->start, f->end - f->start);
  int any = 0;
  for (size_t k = 0; k < spec->n; k++) any |= spec->phrase[k].rule == f->rule && holds(shown, spec->phrase[k].text);
  if (!any) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const Span REASON[RULES] = { { "one", 3 }, { "two", 3 } };
  TopicPhrase phrase[MAX_PHRASES];
  PhrasesSpec spec = { .field = FIELD_OUTPUT, .phrase = phrase, .reason = REASON, .nrules = RULES, .metric = "m" };
  if (len == 0) return 0;
  spec.within = data[0] & 15, spec.most = data[0] >> 6;
  const char *p = (const char *)data + 1, *end = p + len - 1;
  if (!chars_valid(p, len - 1)) return 0;
  while (spec.n < MAX_PHRASES && p < end && *p != '\n') {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    if (stop == NULL) stop = end;
    phrase[spec.n] = (TopicPhrase){ span_of(p, (size_t)(stop - p)), (uint32_t)spec.n % RULES };
    spec.n++;
    p = stop < end ? stop + 1 : end;
  }
  Error err;
  Topics *topics = topics_new(phrase, spec.n, &err);
  RowOp *op = topics != NULL ? phrases_op(topics, &spec, &err) : NULL;
  if (op == NULL) return 0;
  size_t n = (size_t)(end - p);
  char *text = malloc(n > 0 ? n : 1), *room = malloc(fold_room(n));   /* blocks of their own: reading past one is seen */
  if (text == NULL || room == NULL) abort();
  memcpy(text, p, n);
  PhrasesFound f = phrases_find(op, span_of(text, n), room);
  check_found(&spec, span_of(text, n), &f);
  free(text);
  free(room);
  rowop_unref(op);
  return 0;
}
