/* tests/fuzz/fuzz_packed.c - any bytes as base64 and as lists of ids: what base64 lets pass encodes to the same text
** again; every id is found where it stands */
#include <stdlib.h>

#include "vectors/ids.h"
#include "vectors/packed.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_base64(Span text) {
  static const char LETTER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  long n = packed_length(text);
  if (n < 0) return;
  char *out = malloc((size_t)n + 1);
  MUST(out != NULL);
  if (packed_decode(text, out) == 0) {
    for (size_t i = 0; i < text.len; i++) {       /* letter i is bits 6i to 6i + 5 */
      size_t byte = i * 6 / 8, bit = i * 6 % 8;
      unsigned two = 0;
      for (size_t k = 0; k < 2; k++) two = two << 8 | (byte + k < (size_t)n ? (unsigned char)out[byte + k] : 0u);
      char want = byte < (size_t)n ? LETTER[two >> (10 - bit) & 63] : '=';
      MUST(text.ptr[i] == want);
    }
    packed_finite(out, (size_t)n / 4);
  }
  free(out);
}

static void try_ids(Span file, int json) {
  Ids ids = { 0 };
  Error err = { "" };
  if (ids_lines(&ids, file, json, span_str("a.b"), &err) != 0 || ids_close(&ids, &err) != 0) MUST(err.text[0] != '\0');
  else
    for (size_t i = 0; i < ids.n; i++) {
      Span id = ids_at(&ids, i);
      MUST(ids_find(&ids, id) == (id.len > 0 ? i : IDS_NONE));
    }
  ids_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 1);
  MUST(copy != NULL);
  if (len > 0) memcpy(copy, data, len);
  Span text = span_of(copy, len);
  try_base64(text);
  try_ids(text, 0);
  try_ids(text, 1);
  free(copy);
  return 0;
}
