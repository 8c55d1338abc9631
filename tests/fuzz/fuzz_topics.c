/* tests/fuzz/fuzz_topics.c - lines before the first empty one are phrases, the rest is the text; the
** matcher must agree with a plain search of each phrase */
#include <stdlib.h>

#include "text/chars.h"
#include "text/fold.h"
#include "text/topics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MAX_PHRASES = 16 };

static int word_at(Span t, size_t i) {
  size_t next;
  uint32_t c = chars_decode(t.ptr, t.len, i, &next);
  return chars_in_word(c) && chars_kind(c) == CHAR_WORD;
}
static int word_before(Span t, size_t i) {
  do i--;
  while (i > 0 && ((unsigned char)t.ptr[i] & 0xC0) == 0x80);
  return word_at(t, i);
}

/* Whether a phrase without stars stands alone somewhere in text, found the slow way. */
static int stands(Span phrase, Span text) {
  for (size_t i = 0; i + phrase.len <= text.len; i++) {
    if (memcmp(text.ptr + i, phrase.ptr, phrase.len) != 0) continue;
    size_t end = i + phrase.len;
    if (i > 0 && word_at(phrase, 0) && word_before(text, i)) continue;
    if (end < text.len && word_before(phrase, phrase.len) && word_at(text, end)) continue;
    return 1;
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  TopicPhrase phrase[MAX_PHRASES];
  const char *p = (const char *)data, *end = p + len;
  size_t n = 0;
  int plain = 1;
  if (!chars_valid(p, len)) return 0;
  while (n < MAX_PHRASES && p < end && *p != '\n') {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    if (stop == NULL) stop = end;
    phrase[n] = (TopicPhrase){ span_of(p, (size_t)(stop - p)), (uint32_t)n };
    plain &= memchr(p, '*', (size_t)(stop - p)) == NULL;
    n++;
    p = stop < end ? stop + 1 : end;
  }
  Error err;
  Topics *t = topics_new(phrase, n, &err);
  if (t == NULL) return 0;
  char *folded = malloc(fold_room((size_t)(end - p)));
  Span text = span_of(folded, fold_text(folded, span_of(p, (size_t)(end - p)), 0, NULL));
  int64_t got = topics_match(t, text), wanted = -1;
  char *room = malloc(fold_room(len));
  for (size_t i = 0; plain && wanted < 0 && i < n; i++) {
    Span f = span_of(room, fold_text(room, phrase[i].text, 0, NULL));
    if (stands(f, text)) wanted = (int64_t)i;
  }
  if (plain && got != wanted) abort();
  free(room);
  free(folded);
  topics_free(t);
  return 0;
}
