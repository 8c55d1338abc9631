/* tests/test_json_out.c - the writer of JSON: what must be escaped is, and nothing else. */
#include "core/json_out.h"

#include <math.h>

#include "tests/check.h"

static int string_is(Span text, const char *wanted) {
  Buf b = { 0 };
  int same = json_out_string(&b, text) == 0 && span_eq(buf_span(&b), span_str(wanted));
  if (!same) printf("got %.*s, wanted %s\n", (int)b.len, b.ptr, wanted);
  buf_free(&b);
  return same;
}

/* RFC 8259, section 7: quotation mark, reverse solidus and U+0000 to U+001F must be escaped. */
static void every_ascii_byte_at_every_place_is_escaped_or_stands(void) {
  char text[40], wanted[128];
  for (int c = 0; c < 0x80; c++) {
    for (size_t at = 0; at < 37; at++) {
      char escape[8];
      const char *two = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\b' ? "\\b" : c == '\f' ? "\\f"
                        : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
      if (two != NULL) snprintf(escape, sizeof escape, "%s", two);
      else if (c < 0x20) snprintf(escape, sizeof escape, "\\u%04x", c);
      else snprintf(escape, sizeof escape, "%c", c);
      memset(text, 'x', sizeof text);
      text[at] = (char)c;
      snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", (int)at, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", escape,
               (int)(36 - at), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
      CHECK(string_is(span_of(text, 37), wanted));
    }
  }
}

static void text_beyond_ascii_stands_as_it_is(void) {
  CHECK(string_is(span_str("0123456789abcde\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"), "\"0123456789abcde\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""));
  CHECK(string_is(span_of(NULL, 0), "\"\"") && string_is(span_str(""), "\"\""));
}

static void bytes_that_are_no_utf8_become_a_replacement_each(void) {
  CHECK(string_is(span_str("a\xFF" "b"), "\"a\xEF\xBF\xBD" "b\""));
  CHECK(string_is(span_str("\xC3"), "\"\xEF\xBF\xBD\""));
  CHECK(string_is(span_str("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""));   /* a surrogate */
  CHECK(string_is(span_str("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""));                   /* overlong */
}

static void numbers_read_back_the_same(void) {
  static const struct { double v; const char *text; } CASES[] = {
    { 3.0, "3.0" }, { 0.1, "0.1" }, { 1e300, "1e+300" }, { -2.5, "-2.5" }, { 1.0 / 3, "0.3333333333333333" }, { NAN, "null" }, { INFINITY, "null" },
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    Buf b = { 0 };
    CHECK(json_out_double(&b, CASES[i].v) == 0 && span_eq(buf_span(&b), span_str(CASES[i].text)));
    buf_free(&b);
  }
  Buf b = { 0 };
  CHECK(json_out_int(&b, INT64_MIN) == 0 && span_eq(buf_span(&b), span_str("-9223372036854775808")));
  buf_free(&b);
}

int main(void) {
  RUN(every_ascii_byte_at_every_place_is_escaped_or_stands);
  RUN(text_beyond_ascii_stands_as_it_is);
  RUN(bytes_that_are_no_utf8_become_a_replacement_each);
  RUN(numbers_read_back_the_same);
  return check_done();
}
