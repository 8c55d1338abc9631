/* tests/fuzz/fuzz_dates.c - any bytes: dates lie in the text, in order and apart, their days are those of a four-digit
** year, and a row's date is read to its end. */
#include <stdlib.h>
#include <string.h>

#include "rules/dates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (len < 1) return 0;
  DateStyle style = { (DateOrder)(data[0] & 3), data[0] >> 2 & 1 };
  char *copy = malloc(len);   /* a block of its own, so that reading past it is seen */
  if (copy == NULL) abort();
  memcpy(copy, data + 1, len - 1);
  copy = realloc(copy, len > 1 ? len - 1 : 1);
  Span text = span_of(copy, len - 1);
  DateFound f;
  int64_t day;
  char words[32];
  for (size_t at = 0, before = 0; dates_next(text, &at, &style, &f); before = at)
    if (f.start < before || f.end <= f.start || f.end != at || f.end > text.len || f.day < -354285 || f.day > 2932896) abort();
  if (dates_of_text(text, style.order, &day)) {
    dates_write(day, words);
    if (strlen(words) < 4) abort();
  }
  free(copy);
  return 0;
}
