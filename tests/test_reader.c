/* tests/test_reader.c - files become rows: every kind of line, of file, and of fault. */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>

#include "corpus/evidence.h"
#include "corpus/identity.h"
#include "corpus/names.h"
#include "corpus_files.h"

#define A "{\"input\":\"a\",\"output\":\"b\"}"
#define B "{\"input\":\"c\",\"output\":\"d\"}"

static int rows_are(const Corpus *c, const char *expected) {
  const char *is = rows_of(c);
  if (c == NULL) printf("  no corpus: %s\n", load_error.text);
  if (strcmp(is, expected) != 0) printf("  rows are\n%s\n  not\n%s\n", is, expected);
  return strcmp(is, expected) == 0;
}

static int failed_with(const Corpus *c, const char *words) {
  if (c == NULL && strstr(load_error.text, words) != NULL) return 1;
  printf("  error is \"%s\"\n", c == NULL ? load_error.text : "(none)");
  return 0;
}

static void each_kind_of_line_has_its_outcome(void) {
  Corpus *c = load(write_text("lines.jsonl",
    "\xEF\xBB\xBF" A "\r\n"
    "\n"
    " \t\r\n"
    "{\"input\":\"a\"\n"
    B "\n"
    "{\"input\":\"\xFF\",\"output\":\"b\"}\n"
    "[1]\n"
    "{\"input\":\"a\"}\n"
    "{\"input\":1,\"output\":\"b\"}\n"
    "{\"input\":\"a\",\"input\":\"a\",\"output\":\"b\"}\n"
    "{\"input\":\"\\ud800\",\"output\":\"b\"}\n"
    "{\"n\":1e400,\"m\":123456789012345678901234567890,\"input\":\"\\u0000\",\"output\":\"a\xE2\x80\xA8z\"}\n"
    A " trailing\n"
    B));
  CHECK(rows_are(c,
    "1::" A "\n"
    "4:malformed:{\"input\":\"a\"\n"
    "5::" B "\n"
    "6:not_utf8:{\"input\":\"\xFF\",\"output\":\"b\"}\n"
    "7:not_an_object:[1]\n"
    "8:missing_field:{\"input\":\"a\"}\n"
    "9:field_type:{\"input\":1,\"output\":\"b\"}\n"
    "10:duplicate_key:{\"input\":\"a\",\"input\":\"a\",\"output\":\"b\"}\n"
    "11:lone_surrogate:{\"input\":\"\\ud800\",\"output\":\"b\"}\n"
    "12::{\"n\":1e400,\"m\":123456789012345678901234567890,\"input\":\"\\u0000\",\"output\":\"a\xE2\x80\xA8z\"}\n"
    "13:malformed:" A " trailing\n"
    "14::" B));
  CHECK(c->sources[0].rows == 12 && c->sources[0].blank == 2 && c->nfaults == 8);
  CHECK(corpus_row_fault(c, 1)->offset == 12 && corpus_row_fault(c, 3)->offset == 10);
  CHECK(strcmp(names_text(c->names, corpus_row_fault(c, 5)->name), "output") == 0);
  CHECK(corpus_row_fault(c, 0) == NULL && corpus_row_fault(c, 11) == NULL);
  CHECK(c->rows[11].nstrings == 2 && c->nstrings == 8);
  corpus_unref(c);
}

static void too_deep_and_too_long_lines_are_rejected_and_the_next_is_found(void) {
  Buf b = { 0 };
  buf_str(&b, "{\"input\":\"a\",\"output\":\"b\",\"x\":");
  for (int i = 0; i < 1024; i++) buf_char(&b, '[');
  for (int i = 0; i < 1024; i++) buf_char(&b, ']');
  buf_str(&b, "}\n" A "\n{\"input\":\"");
  for (int i = 0; i < 5000; i++) buf_char(&b, 'x');
  buf_str(&b, "\",\"output\":\"b\"}\n" B "\n");
  const char *path = write_bytes("long.jsonl", b.ptr, b.len);
  Corpus *c = load_with((LoadOptions){ .max_line = 4000 }, path);
  CHECK(c != NULL && c->nrows == 4);
  CHECK(corpus_row_state(c, 0) == ROW_TOO_DEEP && corpus_row_state(c, 1) == ROW_OK);
  CHECK(corpus_row_state(c, 2) == ROW_TOO_LONG && corpus_row_state(c, 3) == ROW_OK && c->rows[3].line == 4);
  corpus_unref(c);
  buf_free(&b);
}

static void a_rows_identity_is_that_of_its_bytes(void) {
  Corpus *c = load(write_text("ids.jsonl", A "\r\n" B "\n" A "\n"));
  CHECK(c->identity[0].hi == c->identity[2].hi && c->identity[0].lo == c->identity[2].lo);
  CHECK(c->identity[0].lo != c->identity[1].lo);
  corpus_unref(c);
  /* XXH3-128 of the empty text, seed 0, from the test vectors of xxHash */
  Hash128 empty = row_identity(span_str(""), SIMD_PORTABLE);
  CHECK(empty.hi == 0x99aa06d3014798d8u && empty.lo == 0x6001c324468d497fu);
  char text[2000];
  for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 7 + i / 11);
  int same = 1;
  for (size_t len = 0; len <= sizeof text; len++) {
    Hash128 base = row_identity(span_of(text, len), SIMD_PORTABLE), best = row_identity(span_of(text, len), simd_best());
    same &= base.hi == best.hi && base.lo == best.lo;
  }
  CHECK(same);
}

static void a_limit_takes_the_first_rows(void) {
  Corpus *c = load_with((LoadOptions){ .limit = 2 }, write_text("limit.jsonl", "\n" A "\n\n[]\n" B "\n{\n"));
  CHECK(rows_are(c, "2::" A "\n4:not_an_object:[]"));
  CHECK(c->nfaults == 1 && c->nstrings == 2 && c->sources[0].blank == 2);
  corpus_unref(c);
}

static void an_empty_file_has_no_rows(void) {
  Corpus *c = load(write_text("empty.jsonl", ""));
  CHECK(c != NULL && c->nrows == 0 && c->sources[0].format != NULL);
  corpus_unref(c);
  c = load(write_text("blank.jsonl", "\n\n \n"));
  CHECK(c != NULL && c->nrows == 0 && c->sources[0].blank == 3);
  corpus_unref(c);
}

/* ---- which format ---- */

static void the_format_that_most_rows_fit_is_taken(void) {
  Corpus *c = load(write_text("auto.jsonl", A "\n{\"instruction\":\"i\",\"output\":\"o\"}\n{\"instruction\":\"i\",\"output\":\"o\"}\n"));
  CHECK(c != NULL && strcmp(c->sources[0].format, "alpaca") == 0);
  CHECK(strcmp(c->sources[0].format_reason, "2 of the first 3 rows have \"instruction\" and \"output\"") == 0);
  corpus_unref(c);
  /* both fit all rows: the first of the list wins */
  c = load(write_text("both.jsonl", "{\"instruction\":\"i\",\"input\":\"a\",\"output\":\"o\"}\n"));
  CHECK(c != NULL && strcmp(c->sources[0].format, "alpaca") == 0);
  corpus_unref(c);
}

static void rows_that_fit_nothing_stop_the_run_with_their_keys(void) {
  CHECK(failed_with(load(write_text("odd.jsonl", "{\"id\":7,\"question\":\"a\",\"answer\":\"b\"}\n")),
    "odd.jsonl: the rows fit none of the known formats; keys found: id (number), question (string), answer (string); "
    "name them with fields = { input = \"question\", output = \"answer\" }"));
}

static void a_file_of_which_most_rows_misfit_stops_the_run(void) {
  Format *f = pairs_format();
  SourceSpec spec = { .path = write_text("misfit.jsonl", A "\n{\"input\":\"a\",\"reply\":\"b\"}\n{\"input\":\"a\",\"reply\":\"b\"}\n"), .format = f };
  LoadOptions o = { .source = &spec, .nsources = 1 };
  CHECK(failed_with(corpus_load(&o, &load_error),
    "misfit.jsonl: 66% of the rows do not fit the format pairs: no \"output\"; keys found: input (string), output (string), reply (string); name them with"));
  spec.path = write_text("half.jsonl", A "\n{\"input\":\"a\",\"reply\":\"b\"}\n[]\n{\n");
  Corpus *c = corpus_load(&o, &load_error);
  CHECK(c != NULL && c->nrows == 4);
  corpus_unref(c);
  format_unref(f);
}

static void a_file_of_which_most_lines_are_not_utf8_stops_the_run(void) {
  const char *latin1 = "{\"input\":\"caf\xE9\",\"output\":\"b\"}\n{\"input\":\"\xFC\",\"output\":\"b\"}\n" A "\n";
  const char *path = write_text("latin1.jsonl", latin1);
  CHECK(failed_with(load(path), "latin1.jsonl: 66% of the lines are not UTF-8; convert it first, for example iconv -f latin1 -t utf-8"));
  Corpus *c = load_with((LoadOptions){ .allow_misfit = 1 }, path);
  CHECK(c != NULL && c->nrows == 3);
  corpus_unref(c);
  c = load(write_text("mixed.jsonl", "{\"input\":\"\xE9\"}\n" A "\n"));   /* half is not most */
  CHECK(c != NULL && c->nrows == 2);
  corpus_unref(c);
}

/* ---- packed files ---- */

static char packed[1 << 16];

static void every_member_of_a_gzip_file_is_read(void) {
  size_t n = gzip_member(A "\n" A, strlen(A "\n" A), packed, sizeof packed);
  n += gzip_member("\n" B "\n", strlen("\n" B "\n"), packed + n, sizeof packed - n);
  memset(packed + n, 0, 100);   /* padding, as some tapes leave it */
  Corpus *c = load(write_bytes("two.jsonl.gz", packed, n + 100));
  CHECK(rows_are(c, "1::" A "\n2::" A "\n3::" B));
  CHECK(c->sources[0].file_bytes == n + 100);
  corpus_unref(c);
  c = load(write_bytes("no_suffix", packed, n));   /* known by its content */
  CHECK(c != NULL && c->nrows == 3);
  corpus_unref(c);
}

static void every_frame_of_a_zstd_file_is_read(void) {
  size_t n = ZSTD_compress(packed, sizeof packed, A "\n", strlen(A "\n"), 3);
  n += ZSTD_compress(packed + n, sizeof packed - n, B "\n", strlen(B "\n"), 3);
  Corpus *c = load(write_bytes("two.jsonl.zst", packed, n));
  CHECK(rows_are(c, "1::" A "\n2::" B));
  corpus_unref(c);
  CHECK(failed_with(load(write_bytes("cut.jsonl.zst", packed, n - 3)), "cut.jsonl.zst: damaged zstd at byte"));
}

/* Many rows, so that the damage lies behind some of them. */
static size_t gzip_many(size_t rows) {
  Buf b = { 0 };
  for (size_t i = 0; i < rows; i++) buf_printf(&b, "{\"input\":\"%zu %zu\",\"output\":\"%zu\"}\n", i * 2654435761u % 1000003, i, i * i % 7919);
  size_t n = gzip_member(b.ptr, b.len, packed, sizeof packed);
  buf_free(&b);
  return n;
}

static void a_damaged_gzip_file_fails_with_its_offset(void) {
  size_t n = gzip_many(2000);
  const char *path = write_bytes("torn.jsonl.gz", packed, n / 2);
  char words[128];
  snprintf(words, sizeof words, "torn.jsonl.gz: damaged gzip at byte %zu of the file: the file ends too early", n / 2);
  CHECK(failed_with(load(path), words));
  Corpus *c = load_with((LoadOptions){ .allow_damaged = 1 }, path);
  CHECK(c != NULL && c->nrows > 500 && c->nrows < 1500 && c->nfaults == 0);
  CHECK(c != NULL && strstr(source_damage(&c->sources[0]), words) != NULL);
  corpus_unref(c);
  packed[n / 2] ^= 0x55;
  CHECK(failed_with(load(write_bytes("bad.jsonl.gz", packed, n)), "bad.jsonl.gz: damaged gzip at byte"));
  packed[n / 2] ^= 0x55;
  memcpy(packed + n, "garbage", 7);
  snprintf(words, sizeof words, "damaged gzip at byte %zu", n);
  CHECK(failed_with(load(write_bytes("tail.jsonl.gz", packed, n + 7)), "tail.jsonl.gz: damaged gzip at byte"));
}

/* ---- arrays ---- */

static void each_element_of_an_array_is_a_row_on_one_line(void) {
  Corpus *c = load(write_text("rows.json", "\xEF\xBB\xBF[\n  {\n    \"input\": \"a\\n]\",\r\n    \"output\": \"b\"\n  },\n" A ",[1,\n2], 7 ,\"x\"\n]\n"));
  CHECK(rows_are(c, "1::{     \"input\": \"a\\n]\",      \"output\": \"b\"   }\n2::" A "\n3:not_an_object:[1, 2]\n4:not_an_object:7\n5:not_an_object:\"x\""));
  CHECK(c->sources[0].lossy_lines == 1);
  corpus_unref(c);
  c = load(write_text("none.json", " [ ] "));
  CHECK(c != NULL && c->nrows == 0);
  corpus_unref(c);
  c = load(write_text("lines.json", A "\n" B "\n"));   /* JSONL in truth */
  CHECK(rows_are(c, "1::" A "\n2::" B));
  corpus_unref(c);
  c = load(write_text("array.jsonl", "[\n" A ",\n" B "\n]\n"));   /* an array in truth */
  CHECK(rows_are(c, "1::" A "\n2::" B));
  corpus_unref(c);
}

static void a_malformed_element_costs_one_row(void) {
  Corpus *c = load(write_text("bad_row.json", "[{\"input\":tru},\n" A "]"));
  CHECK(rows_are(c, "1:malformed:{\"input\":tru}\n2::" A));
  corpus_unref(c);
}

static void a_broken_array_fails_with_its_offset(void) {
  static const struct { const char *text, *words; } cases[] = {
    { "[" A ",{\"input\":\"a\"", "byte 40: the file ends inside an element" },
    { "[" A, "byte 27: the file ends inside the array" },
    { "[" A ",]", "byte 28: an element is missing" },
    { "[" A " " B "]", "byte 28: a comma is missing" },
    { "[" A "] x", "byte 29: there is text after the array" },
    { "[" A ",{\"input\":\"a", "byte 39: the file ends inside a string" },
    { "[" A ",{\"input\":\"a\nb\"}]", "byte 39: a line break inside a string" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *path = write_text("broken.json", cases[i].text);
    CHECK(failed_with(load(path), cases[i].words));
    Corpus *c = load_with((LoadOptions){ .allow_damaged = 1 }, path);
    CHECK(rows_are(c, "1::" A));
    corpus_unref(c);
  }
}

static void an_array_in_a_torn_gzip_file_gives_its_whole_rows(void) {
  size_t n;
  Buf b = { 0 };
  buf_char(&b, '[');
  for (int i = 0; i < 2000; i++) buf_printf(&b, "%s{\"input\":\"%d\",\"output\":\"%u\"}", i > 0 ? ", " : "", i, (unsigned)i * 2654435761u);
  buf_char(&b, ']');
  n = gzip_member(b.ptr, b.len, packed, sizeof packed);
  Corpus *c = load_with((LoadOptions){ .allow_damaged = 1 }, write_bytes("torn.json.gz", packed, n / 2));
  CHECK(c != NULL && c->nrows > 500 && c->nrows < 1900 && c->nfaults == 0);
  corpus_unref(c);
  buf_free(&b);
}

/* ---- tables ---- */

static void each_record_of_a_table_is_an_object_of_strings(void) {
  Corpus *c = load(write_text("t.csv", "\xEF\xBB\xBFinput,output,\"a \"\"b\"\"\"\r\n1,2,3\r\n\"x,\ny\",\"say \"\"hi\"\"\",\\\n\n\t,caf\xC3\xA9,\n"));
  CHECK(rows_are(c,
    "2::{\"input\":\"1\",\"output\":\"2\",\"a \\\"b\\\"\":\"3\"}\n"
    "3::{\"input\":\"x,\\ny\",\"output\":\"say \\\"hi\\\"\",\"a \\\"b\\\"\":\"\\\\\"}\n"
    "6::{\"input\":\"\\t\",\"output\":\"caf\xC3\xA9\",\"a \\\"b\\\"\":\"\"}"));
  CHECK(c->sources[0].blank == 1);
  corpus_unref(c);
  c = load(write_text("t.tsv", "input\toutput\na,b\t\"c\"\n"));
  CHECK(rows_are(c, "2::{\"input\":\"a,b\",\"output\":\"c\"}"));
  corpus_unref(c);
  c = load(write_text("head.csv", "input,output\n"));
  CHECK(c != NULL && c->nrows == 0);
  corpus_unref(c);
}

static void a_ragged_record_is_malformed_with_its_raw_text(void) {
  Corpus *c = load(write_text("r.csv", "input,output\n1\n{},x,y\n\"a\"b,c\nd,e\n\"p\nq\",r,s\nt,u"));
  CHECK(rows_are(c, "2:malformed:1\n3:malformed:{},x,y\n4:malformed:\"a\"b,c\n5::{\"input\":\"d\",\"output\":\"e\"}\n6:malformed:\"p\nq\",r,s\n8::{\"input\":\"t\",\"output\":\"u\"}"));
  corpus_unref(c);
  c = load(write_text("u.csv", "input,output\n\xFF,b\na,b\nc,d\n"));
  CHECK(c != NULL && corpus_row_state(c, 0) == ROW_NOT_UTF8 && corpus_row_state(c, 1) == ROW_OK);
  corpus_unref(c);
}

static const char *reason_of(const Corpus *c) {
  const char *reason = c == NULL ? load_error.text : c->sources[0].format_reason;
  return reason == NULL ? "" : reason;
}

static void a_csv_file_may_be_separated_by_semicolons_tabs_or_bars(void) {
  static const struct { const char *text, *reason; } files[] = {
    { "input;output\na, b, c;d\ne;f\n", "2 of the first 2 rows have \"input\" and \"output\"; separated by \";\"" },
    { "\"input\";\"output\"\n\"a;b\";d\n", "the first row has \"input\" and \"output\"; separated by \";\"" },
    { "\xEF\xBB\xBFinput\toutput\r\na\tb\r\n", "the first row has \"input\" and \"output\"; separated by tabs" },
    { "input|output\n\na|b\nonly one\n", "the first row has \"input\" and \"output\"; separated by \"|\"" },
    { "input;output\n", "there is no row to tell by; separated by \";\"" },
    /* the records do not agree: it is a comma */
    { "input,output,a;b;c;d\n1,2,3\n", "the first row has \"input\" and \"output\"" },
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    Corpus *c = load(write_text("s.csv", files[i].text));
    CHECK(c != NULL && strcmp(reason_of(c), files[i].reason) == 0);
    if (c == NULL || strcmp(reason_of(c), files[i].reason) != 0) printf("  %zu: %s\n", i, reason_of(c));
    corpus_unref(c);
  }
  Corpus *c = load(write_text("s.csv", "input;output\na, b;d\n"));
  CHECK(rows_are(c, "2::{\"input\":\"a, b\",\"output\":\"d\"}"));
  corpus_unref(c);
  Format *f = pairs_format();
  SourceSpec spec = { .path = write_text("named.csv", "input;output\na;b\n"), .format = f };
  LoadOptions o = { .source = &spec, .nsources = 1 };
  c = corpus_load(&o, &load_error);
  CHECK(c != NULL && strcmp(reason_of(c), "separated by \";\"") == 0);
  corpus_unref(c);
  format_unref(f);
}

static void a_table_is_never_read_as_one_column_without_a_word(void) {
  CHECK(failed_with(load(write_text("o.csv", "input;output\na\nb;c;d\ne\n")),
    "o.csv: line 1: no comma separates the columns of the header row, and the rows are not split alike by semicolons"));
  CHECK(failed_with(load(write_text("one.csv", "word\na;b\nc|d\n")), "one.csv: the rows fit none of the known formats; keys found: word (string)"));
}

static void what_a_ragged_record_lacks_is_its_evidence(void) {
  Corpus *c = load(write_text("r.csv", "input,output,x\n1\na,b,c\n1,2,3,4\n\"a\"b,c,d\n"));
  static const char *const detail[] = { "has 1 field, the header 3", NULL, "has 4 fields, the header 3", "text follows a closing quote" };
  CHECK(c != NULL && c->nrows == 4);
  for (uint32_t i = 0; c != NULL && i < c->nrows; i++) {
    const RowFault *f = corpus_row_fault(c, i);
    CHECK(detail[i] == NULL ? f == NULL : f != NULL && strcmp(names_text(c->names, f->name), detail[i]) == 0);
  }
  Buf b = { 0 };
  CHECK(c != NULL && evidence_fault(&b, c, corpus_row_fault(c, 0)) == 0);
  CHECK(span_eq(buf_span(&b), span_str("{\"detail\":\"has 1 field, the header 3\"}")));
  buf_free(&b);
  corpus_unref(c);
}

static void a_broken_table_fails(void) {
  CHECK(failed_with(load(write_text("d.csv", "a,b,a\n1,2,3\n")), "d.csv: line 1: two columns are named \"a\""));
  const char *path = write_text("q.csv", "input,output\na,b\n\"c,d\ne,f\n");
  CHECK(failed_with(load(path), "q.csv: the table is damaged at byte 17: a record begins here whose quote is never closed"));
  Corpus *c = load_with((LoadOptions){ .allow_damaged = 1 }, path);
  CHECK(rows_are(c, "2::{\"input\":\"a\",\"output\":\"b\"}"));
  corpus_unref(c);
}

/* ---- files that are none ---- */

static void files_that_cannot_be_read_are_named(void) {
  CHECK(failed_with(load(file_path("missing.jsonl")), "missing.jsonl: no such file"));
  CHECK(failed_with(load(files_dir), "is a folder, not a file"));
  const char *path = write_text("closed.jsonl", A);
  chmod(path, 0);
  if (geteuid() != 0) CHECK(failed_with(load(path), "cannot read"));
  CHECK(failed_with(load(write_bytes("wide.jsonl", "\xFF\xFE{\0", 4)), "wide.jsonl is UTF-16 text; convert it first: iconv -f UTF-16 -t UTF-8"));
  CHECK(failed_with(load(write_bytes("wider.jsonl", "\xFF\xFE\0\0{\0\0\0", 8)), "wider.jsonl is UTF-32 text"));
  CHECK(failed_with(load(write_text("t.parquet", "PAR1....")), "t.parquet is a Parquet file"));
  CHECK(failed_with(load_with((LoadOptions){ 0 }, write_text("x.jsonl.bz2", "BZh9")), "bunzip2"));
}

static void a_spool_that_cannot_be_made_is_an_error(void) {
  size_t n = gzip_member(A "\n", strlen(A "\n"), packed, sizeof packed);
  SourceSpec spec = { .path = write_bytes("s.jsonl.gz", packed, n) };
  LoadOptions o = { .source = &spec, .nsources = 1, .spool_dir = "/nonexistent/folder" };
  CHECK(failed_with(corpus_load(&o, &load_error), "cannot make a temporary file in /nonexistent/folder"));
}

static void standard_input_is_read_to_its_end(void) {
  int p[2], old = dup(0);
  CHECK(pipe(p) == 0);
  CHECK(write(p[1], A "\n" B "\n", strlen(A "\n" B "\n")) > 0);
  close(p[1]);
  dup2(p[0], 0);
  close(p[0]);
  Corpus *c = load("-");
  CHECK(rows_are(c, "1::" A "\n2::" B));
  CHECK(c != NULL && strlen(c->sources[0].sha256) == 64 && corpus_check_sources(c, NULL) == 0);
  corpus_unref(c);
  CHECK(pipe(p) == 0);
  size_t n = gzip_member(A "\n", strlen(A "\n"), packed, sizeof packed);
  CHECK(write(p[1], packed, n) == (ssize_t)n);
  close(p[1]);
  dup2(p[0], 0);
  close(p[0]);
  c = load("-");
  CHECK(rows_are(c, "1::" A));
  CHECK(c != NULL && c->sources[0].file_bytes == n);
  corpus_unref(c);
  dup2(old, 0);
  close(old);
  SourceSpec twice[] = { { .path = "-" }, { .path = "-" } };
  LoadOptions o = { .source = twice, .nsources = 2 };
  CHECK(failed_with(corpus_load(&o, &load_error), "standard input (-) is named 2 times; it can be read once"));
}

/* ---- the file itself ---- */

static void a_sources_hash_is_that_of_its_file(void) {
  Corpus *c = load(write_text("abc.jsonl", "abc"));
  CHECK(c != NULL && corpus_hash_sources(c, NULL, &load_error) == 0);
  /* FIPS 180-2, appendix B.1 */
  CHECK(strcmp(c->sources[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
  corpus_unref(c);
}

static void a_source_that_changed_is_named(void) {
  const char *path = write_text("change.jsonl", A "\n");
  Corpus *c = load(path);
  CHECK(corpus_check_sources(c, &load_error) == 0);
  CHECK(source_path_at(c->sources[0].bytes + 3) != NULL && strcmp(source_path_at(c->sources[0].bytes + 3), path) == 0);
  const char *bytes = c->sources[0].bytes;
  write_text("change.jsonl", A "\n" B "\n");
  CHECK(corpus_check_sources(c, &load_error) == -1 && strstr(load_error.text, "change.jsonl changed while it was being read") != NULL);
  CHECK(corpus_hash_sources(c, NULL, &load_error) == -1 && strstr(load_error.text, "changed") != NULL);
  unlink(path);
  CHECK(corpus_check_sources(c, &load_error) == -1 && strstr(load_error.text, "went away") != NULL);
  corpus_unref(c);
  CHECK(source_path_at(bytes) == NULL);
}

static void bytes_past_the_end_are_readable(void) {
  static char page[4096 * 2];
  memset(page, ' ', sizeof page);
  memcpy(page, A "\n", sizeof A);
  Corpus *c = load(write_bytes("page.jsonl", page, sizeof page));   /* whole pages: nothing behind */
  int sum = 0;
  for (int i = 0; i < 64; i++) sum += c->sources[0].bytes[c->sources[0].len + (size_t)i];
  CHECK(sum == 0);
  corpus_unref(c);
}

static void a_first_look_lists_the_keys(void) {
  Format *formats[] = { pairs_format() };
  LoadOptions o = { .formats = formats, .nformats = 1 };
  Sniff s;
  CHECK(corpus_sniff(write_text("sniff.jsonl", "{\"input\":\"a\\nb\",\"output\":\"c\",\"m\":{\"q\":1}}\n{\"input\":\"d\",\"output\":null,\"m\":{\"q\":\"x\"}}\n"), &o, &s, &load_error) == 0);
  CHECK(s.rows == 2 && s.nkeys == 4 && s.format != NULL && strcmp(s.format, "pairs") == 0);
  CHECK(strcmp(s.reason, "1 of the first 2 rows have \"input\" and \"output\"") == 0);
  CHECK(s.nkeys == 4 && strcmp(s.key[0].example, "a\nb") == 0 && s.key[0].kind == JSON_STRING && s.key[0].share == 1.0);
  CHECK(s.nkeys == 4 && s.key[1].kind == JSON_STRING && s.key[2].kind == JSON_OBJECT && strcmp(s.key[3].name, "m.q") == 0 && s.key[3].kind == JSON_NONE);
  sniff_free(&s);
  CHECK(corpus_sniff(write_text("x.csv", "a,b\n1,2\n"), &o, &s, &load_error) == 0);
  CHECK(s.nkeys == 2 && s.format == NULL && s.reason == NULL && s.lines == 1);
  sniff_free(&s);
  CHECK(corpus_sniff(write_text("y.csv", "input\toutput\n\xE9\tb\nc\tb\nd\n"), &o, &s, &load_error) == 0);
  CHECK(s.lines == 3 && s.not_utf8 == 1 && s.malformed == 1 && s.rows == 1);
  CHECK(s.reason != NULL && strcmp(s.reason, "the first row has \"input\" and \"output\"; separated by tabs") == 0);
  sniff_free(&s);
  CHECK(corpus_sniff(file_path("none"), &o, &s, &load_error) == -1 && strstr(load_error.text, "no such file") != NULL);
  format_unref(formats[0]);
}

int main(void) {
  file_path("");
  RUN(each_kind_of_line_has_its_outcome);
  RUN(too_deep_and_too_long_lines_are_rejected_and_the_next_is_found);
  RUN(a_rows_identity_is_that_of_its_bytes);
  RUN(a_limit_takes_the_first_rows);
  RUN(an_empty_file_has_no_rows);
  RUN(the_format_that_most_rows_fit_is_taken);
  RUN(rows_that_fit_nothing_stop_the_run_with_their_keys);
  RUN(a_file_of_which_most_rows_misfit_stops_the_run);
  RUN(a_file_of_which_most_lines_are_not_utf8_stops_the_run);
  RUN(every_member_of_a_gzip_file_is_read);
  RUN(every_frame_of_a_zstd_file_is_read);
  RUN(a_damaged_gzip_file_fails_with_its_offset);
  RUN(each_element_of_an_array_is_a_row_on_one_line);
  RUN(a_malformed_element_costs_one_row);
  RUN(a_broken_array_fails_with_its_offset);
  RUN(an_array_in_a_torn_gzip_file_gives_its_whole_rows);
  RUN(each_record_of_a_table_is_an_object_of_strings);
  RUN(a_ragged_record_is_malformed_with_its_raw_text);
  RUN(a_csv_file_may_be_separated_by_semicolons_tabs_or_bars);
  RUN(a_table_is_never_read_as_one_column_without_a_word);
  RUN(what_a_ragged_record_lacks_is_its_evidence);
  RUN(a_broken_table_fails);
  RUN(files_that_cannot_be_read_are_named);
  RUN(a_spool_that_cannot_be_made_is_an_error);
  RUN(standard_input_is_read_to_its_end);
  RUN(a_sources_hash_is_that_of_its_file);
  RUN(a_source_that_changed_is_named);
  RUN(bytes_past_the_end_are_readable);
  RUN(a_first_look_lists_the_keys);
  remove_files();
  return check_done();
}
