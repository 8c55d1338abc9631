/* tests/fuzz/fuzz_npy.c - any bytes as a .npy file, and any bytes as the header of one whose length is right: a matrix
** or list that comes out lies in the file, and every row of it can be read */
#include <stdlib.h>

#include "vectors/array_file.h"
#include "vectors/npy.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_file(const char *bytes, size_t len, int list) {
  ArrayFile f;
  Error err = { "" };
  Buf text = { 0 };
  float *x = calloc(16384, sizeof *x);
  MUST(x != NULL);
  if (array_file_read(&f, span_of(bytes, len), "fuzz", span_str(""), list, &err) != 0) MUST(err.text[0] != '\0');
  else {
    uint64_t rows = f.rows < 64 ? f.rows : 64;
    for (uint64_t i = 0; i < rows; i++) {
      uint64_t row = i % 2 == 0 ? i : f.rows - i;
      if (list) MUST(array_file_text(&f, row, &text) == 0);
      else array_file_row(&f, row, x);
    }
    array_file_close(&f);
  }
  buf_free(&text);
  free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 10);
  MUST(copy != NULL);
  if (len > 0) memcpy(copy, data, len);
  read_file(copy, len, 0);
  if (len > 0) {
    size_t header = (len - 1 - data[0] % len) & 0xFFFF;      /* the rest of the bytes are elements */
    memcpy(copy, "\x93NUMPY\1\0", 8);
    copy[8] = (char)(header & 0xFF), copy[9] = (char)(header >> 8);
    memcpy(copy + 10, data + 1, len - 1);
    read_file(copy, len + 9, 0);
    read_file(copy, len + 9, 1);
  }
  free(copy);
  return 0;
}
