/* tests/fuzz/fuzz_lang.c - any bytes through the mask, any valid UTF-8 through the detector */
#include <stdlib.h>

#include "lang/lang.h"
#include "text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 1), *room = malloc(lang_mask_room(len));
  memcpy(copy, data, len);
  Span head = lang_head(span_of(copy, len), 2048);
  if (head.len > 2048) abort();
  size_t n = lang_mask(head, room);
  if (n > head.len + 1) abort();
  if (chars_valid(copy, len)) {
    if (!chars_valid(room, n)) abort();
    LangResult r = lang_detect(span_of(room, n));
    if (r.confidence < 0 || r.confidence > 1) abort();
  }
  free(room);
  free(copy);
  return 0;
}
