/* tests/test_style.c - the form of a text, how it opens, and what groups of rows have in common */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "fixture.h"
#include "style/style.h"

static const Span STARTS[] = { { "def ", 4 }, { "import ", 7 }, { "return ", 7 } }, ENDS[] = { { ";", 1 }, { "{", 1 }, { "}", 1 } };
static const FormRules RULES = { .list_items = 2, .code_lines = 2, .code_share = 0.5, .starts = STARTS, .nstarts = 3,
                                 .ends = ENDS, .nends = 3 };

static int forms(const char *text) {
  JsonDoc doc = { 0 };
  int f = forms_of(span_str(text), &RULES, &doc);
  json_doc_free(&doc);
  return f;
}

static void each_form_is_told_by_its_signs(void) {
  static const struct { const char *text; int forms; } CASES[] = {
    { "", 0 }, { "One sentence. And another; it ends.", 0 }, { "a\nb\n\nc", 0 },
    { "- one\n- two", FORM_LIST }, { "* one\n\n  + two", FORM_LIST }, { "1. one\n2) two\n", FORM_LIST },
    { "\xE2\x80\xA2 one\n\xE2\x80\xA2 two", FORM_LIST }, { "- only one", 0 }, { "-one\n-two", 0 }, { "2024. a\n1999. b", 0 },
    { "# Title\ntext", FORM_HEADER }, { "###### T\n", FORM_HEADER }, { "####### T", 0 }, { "#hashtag", 0 },
    { "Title\n===\ntext", FORM_HEADER }, { "\n===\n", 0 }, { "**Title:**\ntext", FORM_HEADER }, { "**Title**:", FORM_HEADER },
    { "**a** and **b**", 0 }, { "****", 0 },
    { "So:\n```\n- a\n- b\n# c\n```\nend", FORM_CODE }, { "~~~~\n```\n- a\n- b", FORM_CODE },
    { "```python\nx\n```\n- a\n- b", FORM_CODE | FORM_LIST },
    { "import os\ndef f(x):\n  return x\n", FORM_CODE }, { "# a comment\nimport os\nx = f(1)\n", FORM_CODE },
    { "int main() {\n  f();\n}", FORM_CODE }, { "x = 1", 0 }, { "Prose here\nand here\nand there\nimport os\nx = 1", 0 },
    { "{\"a\": [1, 2]}", FORM_JSON }, { " [1]\n", FORM_JSON }, { "```json\n{\"a\": 1}\n```\n", FORM_JSON }, { "{a: 1}", 0 },
    { "\"text\"", 0 }, { "12", 0 }, { "[1] as the paper says", 0 }, { "```json\n{}\n```\nis empty", FORM_CODE },
    { "| a | b |\n|---|:-:|\n| 1 | 2 |", FORM_TABLE }, { "a | b\n--- | ---", FORM_TABLE }, { "|---|---|", 0 }, { "a\n---", 0 },
    { "<table><tr></tr></table>", FORM_TABLE }, { "## T\n- a\n- b\n\n| x |\n| - |", FORM_HEADER | FORM_LIST | FORM_TABLE },
    { "- a\r\n- b\r\n", FORM_LIST },
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    int got = forms(CASES[i].text);
    if (got != CASES[i].forms) printf("forms of %s: %d\n", CASES[i].text, got);
    CHECK(got == CASES[i].forms);
  }
}

static int opens(const char *text, size_t words, const char *wanted) {
  char out[OPENING_ROOM];
  size_t len = opening_of(span_str(text), words, out);
  return len == strlen(wanted) && memcmp(out, wanted, len) == 0;
}

static void an_opening_is_folded_and_no_whole_text(void) {
  CHECK(opens("Sure! Here's the  list: one", 4, "sure heres the list"));
  CHECK(opens("Sure! Here's the list", 4, ""));
  CHECK(opens("", 1, "") && opens("... --- !!! word", 3, ""));
  CHECK(opens("\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", 2, "\xE4\xB8\xAD\xE6\x96\x87"));
}

static void a_long_opening_is_cut_between_characters(void) {
  char text[600], out[OPENING_ROOM];
  memset(text, 'a', 255);
  for (int i = 255; i < 591; i += 2) memcpy(text + i, "\xC3\xA9", 2);
  memcpy(text + 591, " end", 5);
  CHECK(opening_of(span_str(text), 1, out) == 255);
}

/* ---- rows ---- */

static const char *ROWS[] = {
  "{\"input\":\"q\",\"output\":\"Sure, here it is now.\",\"who\":\"ana\",\"at\":\"1970-01-31\"}",
  "{\"input\":\"q\",\"output\":\"sure here it is: a\",\"who\":\"ben\",\"at\":\"1970-02-01\",\"kind\":\"log\"}",
  "{\"input\":\"q\",\"output\":\"- a\\n- b\",\"who\":\"ana\",\"at\":\"1969-12-31\"}",
  "{\"input\":\"q\",\"output\":\"No, it is not so at all\",\"who\":\"ana\",\"at\":\"2024-02-29\",\"kind\":\"log\"}",
  "{\"input\":\"q\"}",
  "{\"input\":\"q\",\"output\":\"sure here it is b c\",\"at\":\"never\",\"kind\":\"log\"}",
};

static StyleParams params(void) {
  return (StyleParams){ .field = FIELD_OUTPUT, .rules = RULES, .opening = 4, .by = { span_str("kind") }, .nby = 1,
                        .annotator = span_str("who"), .time = span_str("at") };
}

static void groups_have_their_own_counts(void) {
  Corpus *c = fixture_corpus(ROWS, 6);
  View *v = view_new(c);
  Pool *pool = pool_new(3);
  StyleParams p = params();
  Style s;
  uint32_t count[FORMS + 1];
  CHECK(style_measure(&s, v, &p, pool, NULL) == 0);
  CHECK(s.n == 5 && s.ngroups == 2 && s.item[0].rows == 2 && s.item[1].rows == 3);
  CHECK(s.item[0].source == 0 && s.item[1].source == PLACE_NONE);
  CHECK(style_forms(&s, NULL, count) == 5 && count[0] == 1 && count[FORMS] == 4);
  CHECK(style_forms(&s, (uint8_t[]){ 0, 1 }, count) == 3 && count[0] == 0 && count[FORMS] == 3);
  CHECK(s.tokens[0] == 5 && s.tokens[4] == 6);
  Opening *o;
  size_t n;
  CHECK(style_openings(&s, NULL, &o, &n) == 0 && n == 2);   /* "- a - b" is four words: no opening */
  CHECK(o[0].rows == 3 && o[0].first == 0 && o[1].rows == 1);
  char text[OPENING_ROOM];
  CHECK(style_opening_text(&s, o[0].first, text) == 15 && memcmp(text, "sure here it is", 15) == 0);
  free(o);
  CHECK(style_openings(&s, (uint8_t[]){ 0, 1 }, &o, &n) == 0 && n == 2 && o[0].rows == 2);
  free(o);
  style_free(&s);
  pool_free(pool);
  view_unref(v);
  corpus_unref(c);
}

static void annotators_have_months_and_a_slope(void) {
  Corpus *c = fixture_corpus(ROWS, 6);
  View *v = view_new(c);
  StyleParams p = params();
  Style s;
  Annotators a;
  CHECK(style_measure(&s, v, &p, NULL, NULL) == 0);
  CHECK(style_annotators(&s, &a) == 0 && a.n == 2);
  CHECK(a.item[0].rows == 3 && a.item[0].timed == 3 && a.item[0].nmonths == 3 && a.item[0].sum == 5 + 4 + 7);
  const StyleMonth *m = a.month + a.item[0].first;
  CHECK(m[0].month == -1 && m[1].month == 0 && m[2].month == 54 * 12 + 1);
  CHECK(m[0].sum == 4 && m[0].rows == 1);
  CHECK(a.item[1].rows == 1 && isnan(a.item[1].slope));
  annotators_free(&a);
  style_free(&s);
  view_unref(v);
  corpus_unref(c);
}

static void a_slope_is_that_of_least_squares(void) {
  /* 1 + tokens = 2, 4, 8, 8 at 0, 30, 60, 90 days: x̄ = 1.5, ȳ = 2.25, Sxx = 5, Sxy = 3.5, Syy = 2.75 */
  static const char *rows[] = {
    "{\"input\":\"q\",\"output\":\"a\",\"who\":1,\"at\":\"2021-01-01\"}",
    "{\"input\":\"q\",\"output\":\"a b c\",\"who\":1,\"at\":\"2021-01-31\"}",
    "{\"input\":\"q\",\"output\":\"a b c d e f g\",\"who\":1,\"at\":\"2021-03-02\"}",
    "{\"input\":\"q\",\"output\":\"a b c d e f g\",\"who\":1,\"at\":\"2021-04-01\"}",
  };
  Corpus *c = fixture_corpus(rows, 4);
  View *v = view_new(c);
  StyleParams p = params();
  Style s;
  Annotators a;
  CHECK(style_measure(&s, v, &p, NULL, NULL) == 0 && style_annotators(&s, &a) == 0 && a.n == 1);
  CHECK(fabs(a.item[0].slope - 0.7) < 1e-12);
  CHECK(fabs(a.item[0].error - sqrt((2.75 - 0.7 * 3.5) / 2 / 5)) < 1e-12);
  annotators_free(&a);
  style_free(&s);
  view_unref(v);
  corpus_unref(c);
}

int main(void) {
  RUN(each_form_is_told_by_its_signs);
  RUN(an_opening_is_folded_and_no_whole_text);
  RUN(a_long_opening_is_cut_between_characters);
  RUN(groups_have_their_own_counts);
  RUN(annotators_have_months_and_a_slope);
  RUN(a_slope_is_that_of_least_squares);
  return check_done();
}
