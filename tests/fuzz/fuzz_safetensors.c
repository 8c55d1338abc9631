/* tests/fuzz/fuzz_safetensors.c - any bytes as a .safetensors file, and any bytes as the header of one whose length is
** right: every tensor that comes out lies in the file, and its bytes become floats */
#include <stdlib.h>

#include "vectors/safetensors.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_file(const char *bytes, size_t len) {
  SafeTensors s;
  Error err = { "" };
  if (safetensors_read(&s, span_of(bytes, len), &err) != 0) {
    MUST(err.text[0] != '\0' && s.tensor == NULL && s.names == NULL);
    return;
  }
  for (size_t i = 0; i < s.n; i++) {
    const SafeTensor *t = &s.tensor[i];
    size_t size = element_size(t->type), n = size > 0 ? t->bytes.len / size : 0;
    MUST(t->bytes.ptr >= bytes && t->bytes.len <= len - (size_t)(t->bytes.ptr - bytes));
    MUST(safetensors_get(&s, t->name) == t);
    if (!element_is_number(t->type)) continue;
    float *room = malloc((n + 1) * sizeof *room);
    MUST(room != NULL);
    element_floats(t->type, t->bytes.ptr, size, n, 0, room);
    element_floats(t->type, t->bytes.ptr, size, n, 1, room);
    free(room);
  }
  safetensors_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 8);
  MUST(copy != NULL);
  if (len > 0) memcpy(copy, data, len);
  read_file(copy, len);
  if (len > 0) {
    size_t header = len - 1 - data[0] % len;      /* the rest of the bytes are data */
    for (size_t i = 0; i < 8; i++) copy[i] = (char)(header >> 8 * i & 0xFF);
    memcpy(copy + 8, data + 1, len - 1);
    read_file(copy, len + 7);
  }
  free(copy);
  return 0;
}
