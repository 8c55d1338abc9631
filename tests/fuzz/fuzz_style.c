/* tests/fuzz/fuzz_style.c - any bytes are a text of some form: a blank line behind a text changes nothing, and what
** opens two texts alike is the same */
#include <stdlib.h>

#include "style/forms.h"
#include "text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const Span STARTS[] = { { "def ", 4 } }, ENDS[] = { { ";", 1 } };
  static const FormRules RULES = { .list_items = 2, .code_lines = 2, .code_share = 0.5, .starts = STARTS, .nstarts = 1,
                                   .ends = ENDS, .nends = 1 };
  JsonDoc doc = { 0 };
  char *text = malloc(len + 2), first[OPENING_ROOM], second[OPENING_ROOM];
  if (len > 0) memcpy(text, data, len);
  int forms = forms_of(span_of(text, len), &RULES, &doc);
  size_t n = opening_of(span_of(text, len), 3, first);
  text[len] = '\n';
  if (forms_of(span_of(text, len + 1), &RULES, &doc) != forms) abort();
  if (chars_valid(text, len) && (opening_of(span_of(text, len + 1), 3, second) != n || memcmp(first, second, n) != 0))
    abort();
  json_doc_free(&doc);
  free(text);
  return 0;
}
