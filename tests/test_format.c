/* tests/test_format.c - which strings of a row are its fields. A row's strings are written here as
** one line: the field's first letter, a star for an assistant turn, and the raw text. */
#include "check.h"

#include <stdlib.h>

#include "formats.h"

static JsonDoc doc;
static FormatRow row;
static char said[4096];

static const char *walk(const Format *f, const char *line) {
  Buf b = { 0 };
  Span text = span_str(line);
  CHECK(json_check(&doc, text, 0) == JSON_OK);
  CHECK(format_walk(f, text, &doc, &row) == 0);
  if (row.state != ROW_OK) {
    CHECK(row.nstrings == 0);
    buf_printf(&b, "%s %s@%u", row_state_reason(row.state), row.name == NULL ? "-" : row.name, row.offset);
  }
  for (size_t i = 0; i < row.nstrings; i++) {
    StringRef s = row.string[i];
    buf_printf(&b, "%s%c%s%d:", i > 0 ? " | " : "", field_name((Field)s.field)[0], s.flags & STRING_ASSISTANT ? "*" : "", s.turn);
    buf_add(&b, line + s.start, s.len);
    CHECK(s.escaped == ((s.flags & STRING_ESCAPED) != 0));
  }
  snprintf(said, sizeof said, "%.*s", (int)b.len, b.ptr == NULL ? "" : b.ptr);
  buf_free(&b);
  return said;
}

typedef struct Case { const char *line, *says; } Case;

static void run_cases(Format *f, const Case *c, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const char *is = walk(f, c[i].line);
    if (strcmp(is, c[i].says) != 0) printf("%s\n  says %s\n  not  %s\n", c[i].line, is, c[i].says);
    CHECK(strcmp(is, c[i].says) == 0);
  }
  format_unref(f);
}
#define RUN_CASES(f, cases) run_cases(f, cases, sizeof cases / sizeof *cases)

static void pairs_have_an_input_and_an_output(void) {
  static const Case cases[] = {
    { "{\"input\":\"a\",\"output\":\"b\"}", "i0:a | o*1:b" },
    { "{\"output\":\"b\",\"x\":{\"input\":1},\"input\":\"a\",\"system\":\"s\"}", "s0:s | i1:a | o*2:b" },
    { "{\"inp\\u0075t\":\"a\",\"output\":\"\"}", "i0:a | o*1:" },
    { "{\"input\":\"a\",\"output\":\"b\",\"system\":null}", "i0:a | o*1:b" },
    { "{\"input\":\"a\"}", "missing_field output@0" },
    { "{\"input\":\"a\",\"output\":7}", "field_type output@22" },
    { "{\"input\":null,\"output\":\"b\"}", "field_type input@9" },
    { "{\"input\":\"a\",\"output\":\"b\",\"system\":[]}", "field_type system@35" },
    { "{\"input\":\"a\",\"output\":\"b\",\"input\":\"c\"}", "duplicate_key input@34" },
    { "{\"input\":\"a\",\"output\":\"b\",\"in\\u0070ut\":\"c\"}", "duplicate_key input@39" },
    { "{\"input\":\"a\",\"output\":\"b\",\"x\":1,\"x\":2}", "i0:a | o*1:b" },
    { "{\"input\":\"a\\ud83d\",\"output\":\"b\"}", "lone_surrogate input@11" },
    { "{\"input\":\"a\\ud83d\\ude00\",\"output\":\"b\",\"x\":\"\\ud83d\"}", "i0:a\\ud83d\\ude00 | o*1:b" },
    { "[1]", "not_an_object -@0" },
    { "\"input\"", "not_an_object -@0" },
  };
  RUN_CASES(pairs_format(), cases);
}

static void alpaca_is_read_in_the_order_of_its_slots(void) {
  static const Case cases[] = {
    { "{\"output\":\"o\",\"input\":\"i\",\"instruction\":\"n\"}", "i0:n | i1:i | o*2:o" },
    { "{\"instruction\":\"n\",\"response\":\"o\"}", "i0:n | o*1:o" },
    { "{\"instruction\":\"n\",\"input\":\"\",\"output\":null,\"response\":\"o\"}", "i0:n | i1: | o*2:o" },
    { "{\"instruction\":\"n\",\"output\":\"o\",\"history\":[[\"u\",\"r\"],[\"v\",\"s\"]]}",
      "i0:u | i*1:r | i2:v | i*3:s | i4:n | o*5:o" },
    { "{\"instruction\":\"n\",\"output\":\"o\",\"history\":[[\"u\"]]}", "field_type history@43" },
    { "{\"instruction\":\"n\",\"output\":\"o\",\"history\":[[\"u\",\"r\",\"x\"]]}", "field_type history@52" },
    { "{\"instruction\":\"n\",\"output\":\"o\",\"history\":\"none\"}", "field_type history@42" },
    { "{\"instruction\":\"n\",\"output\":\"o\",\"history\":[]}", "i0:n | o*1:o" },
    { "{\"output\":\"o\"}", "missing_field instruction@0" },
  };
  RUN_CASES(alpaca_format(), cases);
}

static void a_chat_ends_with_its_last_assistant_turn(void) {
  static const Case cases[] = {
    { "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"a\"}]}",
      "s0:s | i1:u | o*2:a" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"v\"},"
      "{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":\"w\"}]}", "i0:u | i*1:a | i2:v | o*3:b" },
    { "{\"messages\":[{\"role\":\"developer\",\"content\":\"d\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"p\"},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}},\"q\"]},{\"content\":\"a\",\"role\":\"assistant\"}]}", "s0:d | i1:p | i1:q | o*2:a" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"function\":{\"arguments\":\"{}\"}}]},"
      "{\"role\":\"tool\",\"content\":\"t\"},{\"role\":\"assistant\",\"content\":\"a\"}]}", "i0:u | i2:t | o*3:a" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"tool_calls\":[1]}]}", "i0:u" },
    { "{\"conversations\":[{\"from\":\"human\",\"value\":\"u\"},{\"from\":\"function_call\",\"value\":\"{}\"},{\"from\":\"gpt\",\"value\":\"a\"}]}",
      "i0:u | o*2:a" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"\\ud800\"}]}",
      "i0:u | o*1:a" },
  };
  RUN_CASES(chat_format(), cases);
}

static void a_chat_that_is_asked_may_end_with_the_user(void) {
#define U "{\"role\":\"user\",\"content\":\"u\"}"
#define V "{\"role\":\"user\",\"content\":\"v\"}"
#define A "{\"role\":\"assistant\",\"content\":\"a\"}"
#define T "{\"role\":\"tool\",\"content\":\"t\"}"
#define S "{\"role\":\"system\",\"content\":\"s\"}"
  static const Case cases[] = {
    { "{\"messages\":[" U "]}", "i0:u" },
    { "{\"messages\":[" S "," U "," A "," V "]}", "s0:s | i1:u | i*2:a | i3:v" },
    { "{\"messages\":[" U "," A "]}", "i0:u | o*1:a" },
    { "{\"messages\":[" U "," A "," T "]}", "i0:u | o*1:a" },
    { "{\"messages\":[" U "," T "]}", "i0:u | i1:t" },
    { "{\"messages\":[" A "]}", "missing_field user@12" },
    { "{\"messages\":[" S "]}", "missing_field user@12" },
    { "{\"messages\":[]}", "missing_field user@12" },
  };
#undef U
#undef V
#undef A
#undef T
#undef S
  RUN_CASES(asked_format(), cases);
}

static void what_is_no_chat_is_named(void) {
  static const Case cases[] = {
    { "{\"messages\":[]}", "missing_field assistant@12" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]}", "missing_field assistant@12" },
    { "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]}", "missing_field user@12" },
    { "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"u\"}]}", "missing_field user@12" },
    { "{\"messages\":\"hi\"}", "field_type messages@12" },
    { "{\"messages\":[\"hi\"]}", "field_type role@13" },
    { "{\"messages\":[{\"content\":\"u\"}]}", "missing_field role@13" },
    { "{\"messages\":[{\"role\":\"critic\",\"content\":\"u\"}]}", "field_type role@21" },
    { "{\"messages\":[{\"role\":\"user\"}]}", "missing_field content@13" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":null}]}", "field_type content@38" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":null,\"tool_calls\":null}]}", "field_type content@38" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":5}]}", "field_type content@38" },
    { "{\"messages\":[{\"role\":\"user\",\"role\":\"user\",\"content\":\"u\"}]}", "duplicate_key role@35" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"u\",\"content\":\"v\"}]}", "duplicate_key content@52" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]},{\"role\":\"assistant\",\"content\":\"a\"}]}", "missing_field text@38" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":1}]},{\"role\":\"assistant\",\"content\":\"a\"}]}", "field_type content@61" },
    { "{\"messages\":[{\"role\":\"user\",\"content\":\"\\udc00\"},{\"role\":\"assistant\",\"content\":\"a\"}]}", "lone_surrogate content@39" },
  };
  RUN_CASES(chat_format(), cases);
}

static void preferences_have_an_output_and_an_alternative(void) {
  static const Case cases[] = {
    { "{\"prompt\":\"p\",\"chosen\":\"c\",\"rejected\":\"r\"}", "i0:p | o*1:c | a2:r" },
    { "{\"chosen\":\"c\",\"rejected\":\"r\"}", "o*0:c | a1:r" },
    { "{\"prompt\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"u\"}],\"chosen\":[{\"role\":\"assistant\",\"content\":\"c\"}],"
      "\"rejected\":[{\"role\":\"assistant\",\"content\":\"r\"}]}", "s0:s | i1:u | o*2:c | a3:r" },
    { "{\"chosen\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"c\"}],"
      "\"rejected\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"r\"}]}", "i0:u | o*1:c | a3:r" },
    { "{\"prompt\":\"p\",\"chosen\":{\"from\":\"gpt\",\"value\":\"c\"},\"rejected\":{\"from\":\"gpt\",\"value\":\"r\"}}", "i0:p | o*1:c | a2:r" },
    { "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"u\"}],\"tools\":[]},\"preferred_output\":[{\"role\":\"assistant\",\"content\":\"c\"}],"
      "\"non_preferred_output\":[{\"role\":\"assistant\",\"content\":\"r\"}]}", "i0:u | o*1:c | a2:r" },
    { "{\"prompt\":\"p\",\"chosen\":\"c\"}", "missing_field rejected@0" },
    { "{\"prompt\":\"p\",\"chosen\":[{\"role\":\"user\",\"content\":\"c\"}],\"rejected\":\"r\"}", "missing_field assistant@23" },
  };
  RUN_CASES(preference_format(), cases);
}

static void a_mapping_may_name_paths(void) {
  static const Case cases[] = {
    { "{\"q\":{\"text\":\"a\",\"b\":[0,\"c\"]},\"answer.text\":\"o\"}", "i0:a | i1:c | o*2:o" },
    { "{\"q\":{\"text\":\"a\",\"text\":\"x\",\"b\":[0,\"c\"]},\"answer.text\":\"o\"}", "duplicate_key q.text@24" },
    { "{\"q\":{\"text\":\"a\",\"b\":[0]},\"answer.text\":\"o\"}", "missing_field q.b[1]@0" },
    { "{\"q\":{\"text\":\"a\",\"b\":[0,1]},\"answer.text\":\"o\"}", "field_type q.b[1]@24" },
    { "{\"q\":{\"text\":\"a\",\"b\":[0,\"c\"]},\"answer\":{\"text\":\"n\"}}", "i0:a | i1:c | o*2:n" },
  };
  Format *f = format_new(span_str("fields"));
  slot(f, FIELD_INPUT, SHAPE_TEXT, 0, "q.text", NULL);
  slot(f, FIELD_INPUT, SHAPE_TEXT, 0, "q.b[1]", NULL);
  slot(f, FIELD_OUTPUT, SHAPE_TEXT, 0, "answer.text", NULL);
  RUN_CASES(f, cases);
}

static void flags_say_what_a_string_holds(void) {
  Format *f = pairs_format();
  walk(f, "{\"input\":\"caf\xC3\xA9\",\"output\":\"a\\nb\",\"system\":\"plain\"}");
  CHECK(row.string[0].flags == STRING_ASCII);
  CHECK(row.string[1].flags == 0);
  CHECK(row.string[2].flags == (STRING_ESCAPED | STRING_ASSISTANT));
  format_unref(f);
}

static void a_row_of_too_many_strings_is_too_long(void) {
  for (int parts = 65533; parts <= 65535; parts++) {
    Buf b = { 0 };
    buf_str(&b, "{\"messages\":[{\"role\":\"user\",\"content\":[\"\"");
    for (int i = 1; i < parts; i++) buf_str(&b, ",\"\"");
    buf_str(&b, "]},{\"role\":\"assistant\",\"content\":\"a\"}]}");
    Format *f = chat_format();
    CHECK(json_check(&doc, buf_span(&b), 0) == JSON_OK && format_walk(f, buf_span(&b), &doc, &row) == 0);
    CHECK(row.state == (parts + 1 <= 65535 ? ROW_OK : ROW_TOO_LONG));
    CHECK(row.nstrings == (parts + 1 <= 65535 ? (size_t)parts + 1 : 0));
    format_unref(f);
    buf_free(&b);
  }
}

static void a_format_says_what_a_row_must_have(void) {
  Format *f = alpaca_format();
  Buf b = { 0 };
  const char *line = "{\"response\":\"o\",\"instruction\":\"n\"}";
  CHECK(json_check(&doc, span_str(line), 0) == JSON_OK);
  CHECK(format_describe(f, &doc, &b) == 0);
  CHECK(span_eq(buf_span(&b), span_str("\"instruction\" and \"response\"")));
  buf_free(&b);
  format_unref(f);
}

static void a_bad_format_is_refused(void) {
  Error err;
  Format *f = format_new(span_str("odd"));
  Span path = span_str("a"), empty = span_str("");
  CHECK(format_add_slot(f, FORMAT_CHAT, SHAPE_TEXT, 0, &path, 1, &err) == -1 && strstr(err.text, "turns") != NULL);
  CHECK(format_add_slot(f, FIELD_INPUT, SHAPE_TEXT, 0, &empty, 1, &err) == -1);
  CHECK(format_add_slot(f, FIELD_INPUT, SHAPE_TEXT, 0, &path, 0, &err) == -1);
  for (int i = 0; i < 40; i++) format_add_slot(f, FIELD_INPUT, SHAPE_TEXT, 0, &path, 1, &err);
  CHECK(strstr(err.text, "more than 32 slots") != NULL);
  format_unref(f);
}

int main(void) {
  RUN(pairs_have_an_input_and_an_output);
  RUN(alpaca_is_read_in_the_order_of_its_slots);
  RUN(a_chat_ends_with_its_last_assistant_turn);
  RUN(a_chat_that_is_asked_may_end_with_the_user);
  RUN(what_is_no_chat_is_named);
  RUN(preferences_have_an_output_and_an_alternative);
  RUN(a_mapping_may_name_paths);
  RUN(flags_say_what_a_string_holds);
  RUN(a_row_of_too_many_strings_is_too_long);
  RUN(a_format_says_what_a_row_must_have);
  RUN(a_bad_format_is_refused);
  json_doc_free(&doc);
  format_row_free(&row);
  return check_done();
}
