/* tests/fuzz/fuzz_csv.c - any bytes as a table: each record lies in the spool; a whole one is a JSON
** object unless it is not UTF-8. */
#include <stdlib.h>
#include <unistd.h>

#include "corpus/json.h"
#include "corpus/source.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  char *text = malloc(n > 0 ? n : 1);
  Spool spool;
  Records records = { 0 };
  Broken broken;
  Error err;
  JsonDoc doc = { 0 };
  if (n > 0) memcpy(text, d, n);
  char delimiter = '\t';
  if (n > 0 && text[0] != '\t' && csv_delimiter(span_of(text, n), "t.csv", &delimiter, &err) != 0) delimiter = ',';
  MUST(spool_open(&spool, NULL, &err) == 0);
  int r = csv_to_lines(span_of(text, n), delimiter, "t.csv", &spool, &records, &broken, &err);
  MUST(spool_flush(&spool, &err) == 0);
  char *lines = malloc(spool.len + 1);
  MUST(pread(spool.fd, lines, spool.len, 0) == (ssize_t)spool.len);
  for (size_t i = 0; r == 0 && i < records.n; i++) {
    Record k = records.record[i];
    MUST(k.offset + k.len < spool.len + 0u && lines[k.offset + k.len] == '\n');
    char words[80];
    MUST(!k.ragged || csv_fault(span_of(lines + k.offset, k.len), &records, words, sizeof words) == 0);
    JsonStatus s = json_check(&doc, span_of(lines + k.offset, k.len), 0);
    MUST(k.ragged || s == JSON_OK || s == JSON_NOT_UTF8);
  }
  json_doc_free(&doc);
  free(lines);
  free(records.record);
  spool_close(&spool);
  free(text);
  return 0;
}
