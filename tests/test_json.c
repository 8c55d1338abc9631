/* tests/test_json.c - is a line valid, and what stands in it. The cases of nst/JSONTestSuite come
** from ../shared/data/json; those the RFC leaves to the parser stand in the table below with what
** we decided. */
#include "check.h"

#include <stdlib.h>

#include "corpus/json.h"
#include "corpus/json_index.h"
#include "corpus/simdjson_shim.h"
#include "json_cases.h"

static JsonDoc doc;

static JsonStatus judge(const char *text, size_t len) {
  /* On the heap, exactly as long as it is: a read past the end is a fault under the sanitizer. */
  char *copy = malloc(len + 1);
  memcpy(copy, text, len);
  JsonStatus s = json_check(&doc, span_of(copy, len), 0);
  char *padded = calloc(1, len + 64);
  memcpy(padded, text, len);
  JsonDoc other = { 0 };
  CHECK(json_check(&other, span_of(padded, len), 64) == s);
  CHECK(other.fault == doc.fault && other.nmembers == doc.nmembers);
  json_doc_free(&other);
  free(padded);
  free(copy);
  return s;
}
static JsonStatus judge_str(const char *text) { return judge(text, strlen(text)); }

/* ---- what RFC 8259 leaves to the parser (i_ cases), and our decision ----
** Numbers of any size are accepted: their text is kept. Escaped lone surrogates are accepted here;
** in a string of a field the row is refused as lone_surrogate. Bytes that are not UTF-8 are
** refused as not_utf8, UTF-16 among them; 500 levels are within our 1,024. A BOM is no part of a
** value: the reader takes it off the start of a file, so a line that keeps one is malformed. */
static const struct { const char *name; JsonStatus status; } decided[] = {
  { "i_number_double_huge_neg_exp.json", JSON_OK },
  { "i_number_huge_exp.json", JSON_OK },
  { "i_number_neg_int_huge_exp.json", JSON_OK },
  { "i_number_pos_double_huge_exp.json", JSON_OK },
  { "i_number_real_neg_overflow.json", JSON_OK },
  { "i_number_real_pos_overflow.json", JSON_OK },
  { "i_number_real_underflow.json", JSON_OK },
  { "i_number_too_big_neg_int.json", JSON_OK },
  { "i_number_too_big_pos_int.json", JSON_OK },
  { "i_number_very_big_negative_int.json", JSON_OK },
  { "i_object_key_lone_2nd_surrogate.json", JSON_OK },
  { "i_string_1st_surrogate_but_2nd_missing.json", JSON_OK },
  { "i_string_1st_valid_surrogate_2nd_invalid.json", JSON_OK },
  { "i_string_UTF-16LE_with_BOM.json", JSON_NOT_UTF8 },
  { "i_string_UTF-8_invalid_sequence.json", JSON_NOT_UTF8 },
  { "i_string_UTF8_surrogate_U+D800.json", JSON_NOT_UTF8 },
  { "i_string_incomplete_surrogate_and_escape_valid.json", JSON_OK },
  { "i_string_incomplete_surrogate_pair.json", JSON_OK },
  { "i_string_incomplete_surrogates_escape_valid.json", JSON_OK },
  { "i_string_invalid_lonely_surrogate.json", JSON_OK },
  { "i_string_invalid_surrogate.json", JSON_OK },
  { "i_string_invalid_utf-8.json", JSON_NOT_UTF8 },
  { "i_string_inverted_surrogates_U+1D11E.json", JSON_OK },
  { "i_string_iso_latin_1.json", JSON_NOT_UTF8 },
  { "i_string_lone_second_surrogate.json", JSON_OK },
  { "i_string_lone_utf8_continuation_byte.json", JSON_NOT_UTF8 },
  { "i_string_not_in_unicode_range.json", JSON_NOT_UTF8 },
  { "i_string_overlong_sequence_2_bytes.json", JSON_NOT_UTF8 },
  { "i_string_overlong_sequence_6_bytes.json", JSON_NOT_UTF8 },
  { "i_string_overlong_sequence_6_bytes_null.json", JSON_NOT_UTF8 },
  { "i_string_truncated-utf-8.json", JSON_NOT_UTF8 },
  { "i_string_utf16BE_no_BOM.json", JSON_NOT_UTF8 },
  { "i_string_utf16LE_no_BOM.json", JSON_NOT_UTF8 },
  { "i_structure_500_nested_arrays.json", JSON_OK },
  { "i_structure_UTF-8_BOM_empty_object.json", JSON_MALFORMED },
};

static const int *decision(const char *name) {
  static int status;
  for (size_t i = 0; i < sizeof decided / sizeof *decided; i++)
    if (strcmp(decided[i].name, name) == 0) {
      status = (int)decided[i].status;
      return &status;
    }
  return NULL;
}

static int cases_seen, cases_either;

static void one_case(const JsonCase *c) {
  JsonStatus s = judge(c->text, c->len);
  const int *ours = decision(c->name);
  int right = strcmp(c->expect, "accept") == 0 ? s == JSON_OK
            : strcmp(c->expect, "reject") == 0 ? s != JSON_OK
            : ours != NULL && (int)s == *ours;
  if (!right) printf("%s: expected %s, status %d\n", c->name, c->expect, (int)s);
  CHECK(right);
  cases_seen++;
  cases_either += strcmp(c->expect, "either") == 0;
}

static void every_case_of_the_suite_behaves_as_it_says(void) {
  if (json_cases("../shared/data/json/parsing_cases.jsonl.gz", one_case) != 0)
    SKIP("no ../shared/data/json");
  CHECK(cases_seen == 318);
  CHECK(cases_either == 35);
}

static void numbers_of_any_size_are_valid(void) {
  CHECK(judge_str("{\"a\":1e400,\"b\":123456789012345678901234567890,\"c\":-0.0E-7}") == JSON_OK);
  CHECK(doc.nmembers == 3);
  static const char *const bad[] = { "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "NaN", "Infinity", "-Infinity", "1_0" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(judge_str(bad[i]) == JSON_MALFORMED);
}

static void a_fault_is_named_by_its_offset(void) {
  static const struct { const char *text; size_t fault; } cases[] = {
    { "{\"a\":tru}", 8 }, { "{\"a\":1} x", 8 }, { "{\"a\" 1}", 5 }, { "{\"a\":1,}", 7 }, { "[1 2]", 3 },
    { "{\"a\":\"x\ty\"}", 7 }, { "{\"a\":\"\\q\"}", 6 }, { "{\"a\":\"\\u12g4\"}", 6 }, { "{\"a\":\"x", 7 }, { "", 0 }, { "{", 1 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK(judge_str(cases[i].text) == JSON_MALFORMED);
    CHECK(doc.fault == cases[i].fault);
  }
}

static void bytes_that_are_no_utf8_win_over_other_faults(void) {
  CHECK(judge_str("{\"a\":\"\xC3(\"}") == JSON_NOT_UTF8 && doc.fault == 6);
  CHECK(judge_str("{\"a\":tru,\"b\":\"\xFF\"}") == JSON_NOT_UTF8 && doc.fault == 14);
  CHECK(judge_str("\xEF\xBB\xBF{}") == JSON_MALFORMED && doc.fault == 0);
}

static void depth_is_counted_from_the_outermost(void) {
  char text[4096];
  for (int depth = 1023; depth <= 1026; depth++) {
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    JsonStatus s = judge(text, 2 * (size_t)depth);
    CHECK(s == (depth <= JSON_MAX_DEPTH ? JSON_OK : JSON_TOO_DEEP));
    if (s != JSON_OK) CHECK(doc.fault == JSON_MAX_DEPTH);
  }
}

static void members_of_the_root_are_noted_in_order(void) {
  CHECK(judge_str(" {\"a\" : \"x\\ny\" , \"k\\u0062\":[ {\"a\":1} ],\"a\":-1.5e3,\"\":null,\"o\":{ },\"t\":true} \r") == JSON_OK);
  CHECK(doc.root.kind == JSON_OBJECT && doc.nmembers == 6);
  const char *text = "{\"a\":\"é\",\"b\":[1,{\"c\":2}]}";
  CHECK(json_check(&doc, span_str(text), 0) == JSON_OK);
  CHECK(doc.nmembers == 2 && !doc.ascii);
  CHECK(span_eq(doc.member[0].value.raw, span_str("é")) && doc.member[0].value.flags == 0);
  CHECK(doc.member[0].key.flags == JSON_ASCII);
  CHECK(span_eq(doc.member[1].value.raw, span_str("[1,{\"c\":2}]")) && doc.member[1].value.kind == JSON_ARRAY);
  CHECK(span_eq(doc.root.raw, span_str(text)));
}

/* Quotes, escapes and bytes past 0x7F at every place of the sixteen that are read at once. */
static void strings_of_every_length_and_alignment_are_read(void) {
  char text[128];
  for (size_t len = 0; len < 70; len++) {
    for (size_t at = 0; at <= len; at++) {
      size_t n = 0;
      text[n++] = '"';
      for (size_t i = 0; i < len; i++) text[n++] = i == at ? '\\' : 'x';
      if (at < len) text[at + 2 < n ? at + 2 : n++] = '"';   /* \" */
      text[n++] = '"';
      CHECK(judge(text, n) == JSON_OK);
      CHECK(doc.root.kind == JSON_STRING && doc.root.raw.len == n - 2);
      CHECK(!(doc.root.flags & JSON_ESCAPED) == (at >= len));
      CHECK(judge(text, n - 1) == JSON_MALFORMED && doc.fault == n - 1);
      text[n / 2] = 0x1f;
      CHECK(judge(text, n) == JSON_MALFORMED);
    }
  }
}

static size_t decoded(const char *raw, char *out) { return json_decode(span_str(raw), out); }

static void escapes_are_decoded(void) {
  static const struct { const char *raw, *text; } cases[] = {
    { "", "" }, { "plain", "plain" }, { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
    { "\\u0041\\u00e9\\u20AC", "A\xC3\xA9\xE2\x82\xAC" }, { "\\ud83d\\ude00", "\xF0\x9F\x98\x80" },
    { "a\\ud83db", "a\xEF\xBF\xBD" "b" }, { "\\ude00\\ud83d", "\xEF\xBF\xBD\xEF\xBF\xBD" },
    { "\\ud83d\\ud83d\\ude00", "\xEF\xBF\xBD\xF0\x9F\x98\x80" },
    { "sixteen plain bytes and \\n a line feed, then more than sixteen", "sixteen plain bytes and \n a line feed, then more than sixteen" },
    { "\\uD834\\uDD1E", "\xF0\x9D\x84\x9E" },
  };
  char out[128];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t n = decoded(cases[i].raw, out);
    CHECK(span_eq(span_of(out, n), span_str(cases[i].text)));
  }
  CHECK(decoded("a\\u0000b", out) == 3 && memcmp(out, "a\0b", 3) == 0);
}

static void lone_surrogates_are_found(void) {
  CHECK(json_lone_surrogate(span_str("ab\\ud83d\\ude00\\n")) == 16);
  CHECK(json_lone_surrogate(span_str("ab\\ud83d")) == 2);
  CHECK(json_lone_surrogate(span_str("\\\\ud83d")) == 7);
  CHECK(json_lone_surrogate(span_str("\\ude00")) == 0);
  CHECK(json_lone_surrogate(span_str("\\ud83d\\n")) == 0);
}

static void keys_are_compared_as_they_read(void) {
  JsonValue v = json_value(span_str("\"inp\\u0075t\""));
  CHECK(json_string_is(&v, span_str("input")));
  CHECK(!json_string_is(&v, span_str("inpux")) && !json_string_is(&v, span_str("inputs")) && !json_string_is(&v, span_str("inpu")));
  v = json_value(span_str("\"input\""));
  CHECK(json_string_is(&v, span_str("input")) && !json_string_is(&v, span_str("inpu")));
}

static const char *const sample =
  " {\"a\": {\"b\" :[ 1 ,\"x\\\"y\",{\"c\":\"deep\"} ],\"d.e\":\"dotted\"},\"a.b\":7, \"m\\n\": [\"z\"],\"f.g\":\"flat\",\"e\":[],\"a2\":null }";

static void paths_lead_to_values(void) {
  static const struct { const char *path, *raw; } cases[] = {
    { "a.b[0]", "1" }, { "a.b[1]", "x\\\"y" }, { "a.b[2].c", "deep" }, { "a[\"d.e\"]", "dotted" }, { "f.g", "flat" },
    { "[\"m\\n\"][0]", "z" }, { "[\"m\\u000a\"][0]", NULL }, { "a2", "null" }, { "e", "[]" }, { "e[0]", NULL }, { "a.x", NULL },
    { "a.b[3]", NULL }, { "a..b", NULL }, { "", NULL }, { "a.b[", NULL }, { "a.b[x]", NULL }, { "a.b.c", NULL },
    { "a.b[99999999999999999999]", NULL },
  };
  JsonValue root = json_value(span_str(sample));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    JsonValue v = json_path(&root, span_str(cases[i].path));
    if (cases[i].raw == NULL) CHECK(v.kind == JSON_NONE);
    else CHECK(span_eq(v.raw, span_str(cases[i].raw)));
  }
}

static void every_string_has_a_path_that_leads_back(void) {
  static const char *const paths[] = { "a.b[1]", "a.b[2].c", "a[\"d.e\"]", "[\"m\\n\"][0]", "[\"f.g\"]" };
  JsonValue root = json_value(span_str(sample)), v;
  Buf path = { 0 };
  size_t n = 0;
  for (JsonStrings it = json_strings(span_str(sample)); json_next_string(&it, &v); n++) {
    path.len = 0;
    CHECK(json_path_of(span_str(sample), (size_t)(v.raw.ptr - sample), &path) == 0);
    CHECK(n < 5 && span_eq(buf_span(&path), span_str(paths[n])));
    CHECK(json_path(&root, buf_span(&path)).raw.ptr == v.raw.ptr);
  }
  CHECK(n == 5);
  path.len = 0;
  CHECK(json_path_of(span_str(sample), 3, &path) == -1 && path.len == 0);   /* a key */
  buf_free(&path);
}

static void one_walk_finds_the_paths_of_many_in_any_order(void) {
  static const struct { const char *of, *path; } cases[] = {   /* what the value begins with */
    { "z", "c[3].d" }, { "w", "a[0]" }, { "y", "c[1]" }, { "u", "c[3].e[0]" }, { "t", "f" }, { "x", "c[0]" }, { "z", "c[3].d" },
  };
  static const char text[] = "{\"a\":[\"w\"],\"b\":{},\"c\":[\"x\",\"y\",[],{\"d\":\"z\",\"e\":[\"u\"]}],\"f\":\"t\"}";
  JsonPaths p = { 0 };
  Buf path = { 0 };
  json_paths_begin(&p, span_str(text));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t start = (size_t)(strstr(text, cases[i].of) - text);
    path.len = 0;
    CHECK(json_paths_at(&p, start, &path) == 0);
    CHECK(span_eq(buf_span(&path), span_str(cases[i].path)));
    path.len = 0;
    CHECK(json_paths_at(&p, 2, &path) == -1 && path.len == 0);   /* a key */
  }
  json_paths_begin(&p, span_str("\"alone\""));
  CHECK(json_paths_at(&p, 1, &path) == 0 && path.len == 0);
  json_paths_free(&p);
  buf_free(&path);
}

static void the_last_of_equal_members_counts(void) {
  JsonValue root = json_value(span_str("{\"a\":1,\"a\":2}"));
  CHECK(span_eq(json_get(&root, span_str("a")).raw, span_str("2")));
  JsonValue scalar = json_value(span_str(" 12 "));
  CHECK(scalar.kind == JSON_NUMBER && scalar.raw.len == 2);
  CHECK(json_get(&scalar, span_str("a")).kind == JSON_NONE);
}

static void the_walkers_survive_any_text(void) {
  static const char *const odd[] = { "", "{", "[", "\"", "{\"a", "{\"a\"", "{\"a\":", "[[[", "{]", "]", ",,", "[,", "{\"a\":\"\\", "\"\\u12" };
  Buf b = { 0 };
  char out[64];
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    JsonValue root = json_value(span_str(odd[i])), v;
    json_path(&root, span_str("a.b[0]"));
    for (JsonStrings it = json_strings(span_str(odd[i])); json_next_string(&it, &v);)
      CHECK(json_decode(v.raw, out) <= v.raw.len);
    json_path_of(span_str(odd[i]), strlen(odd[i]), &b);
  }
  CHECK(b.len == 0 || b.ptr != NULL);
  buf_free(&b);
}

/* Every path gives the same index: bits of each byte by its definition. */
static void the_index_says_what_each_byte_is(void) {
  static const char alphabet[] = "ab\"\\\\\\\x01\xC3 ";
  char text[300 + 64];
  JsonWord word[8], other[8];
  unsigned seed = 7;
  for (int round = 0; round < 2000; round++) {
    size_t len = (seed = seed * 1103515245u + 12345u) >> 16 & 0xFF;
    for (size_t i = 0; i < len + 64; i++) text[i] = alphabet[((seed = seed * 1103515245u + 12345u) >> 16) % (sizeof alphabet - 1)];
    json_index(span_of(text, len), 64, word, SIMD_PORTABLE);
    json_index(span_of(text, len), 0, other, simd_best());
    CHECK(memcmp(word, other, json_index_words(len) * sizeof *word) == 0);
    int escaped = 0, right = 1;
    for (size_t i = 0; i < len; i++) {
      unsigned char c = (unsigned char)text[i];
      const JsonWord *w = &word[i / 64];
      uint64_t bit = 1ull << i % 64;
      right &= !(w->quote & bit) == !(c == '"' && !escaped);
      right &= !(w->slash & bit) == !(c == '\\' && !escaped);
      right &= !(w->control & bit) == !(c < 0x20) && !(w->high & bit) == !(c >= 0x80);
      escaped = c == '\\' && !escaped;
    }
    CHECK(right);
  }
}

int main(void) {
  RUN(the_index_says_what_each_byte_is);
  RUN(every_case_of_the_suite_behaves_as_it_says);
  RUN(numbers_of_any_size_are_valid);
  RUN(a_fault_is_named_by_its_offset);
  RUN(bytes_that_are_no_utf8_win_over_other_faults);
  RUN(depth_is_counted_from_the_outermost);
  RUN(members_of_the_root_are_noted_in_order);
  RUN(strings_of_every_length_and_alignment_are_read);
  RUN(escapes_are_decoded);
  RUN(lone_surrogates_are_found);
  RUN(keys_are_compared_as_they_read);
  RUN(paths_lead_to_values);
  RUN(every_string_has_a_path_that_leads_back);
  RUN(one_walk_finds_the_paths_of_many_in_any_order);
  RUN(the_last_of_equal_members_counts);
  RUN(the_walkers_survive_any_text);
  json_doc_free(&doc);
  return check_done();
}
