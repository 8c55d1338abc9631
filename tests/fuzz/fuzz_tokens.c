/* tests/fuzz/fuzz_tokens.c - any bytes: counting and walking agree, repeated bigrams add up */
#include <stdlib.h>

#include "text/chars.h"
#include "text/fold.h"
#include "text/repetition.h"
#include "text/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 1), *folded = malloc(fold_room(len));
  memcpy(copy, data, len);                     /* a block of its own, so that reading past it is seen */
  Span text = span_of(copy, len), s;
  size_t at = 0, n = 0, tokens = tokens_count(text);
  while ((s = tokens_next(text, &at)).ptr != NULL) n += s.len > 0;
  if (n != tokens && chars_valid(copy, len)) abort();
  for (at = 0; (s = words_next(text, &at)).ptr != NULL;) if (s.len == 0) abort();
  for (at = 0, n = 0; (s = shingles_next(text, 3, &at)).ptr != NULL; n++) if (s.len == 0) abort();
  if (n > len) abort();
  Span f = span_of(folded, fold_text(folded, text, 0, NULL));
  void *room = malloc(repetition_room(repetition_words(f)));
  Bigrams b = repetition_bigrams(f, room);
  if (b.distinct > b.all || (b.all > 0 && b.distinct == 0)) abort();
  free(room);
  free(folded);
  free(copy);
  return 0;
}
