/* tests/test_lang.c - the language of a text, and what is masked before */
#include <stdlib.h>

#include "check.h"
#include "lang/lang.h"

static char out[4096];

static Span masked(const char *s) { return span_of(out, lang_mask(span_str(s), out)); }

static int is(const char *text, const char *wanted) { return span_eq(masked(text), span_str(wanted)); }

static void code_urls_and_addresses_are_masked(void) {
  CHECK(is("plain text", "plain text"));
  CHECK(is("see https://a.b/c?d now", "see   now"));
  CHECK(is("www.a.b", " "));
  CHECK(is("run `ls -l` here", "run   here"));
  CHECK(is("a ` b", "a ` b"));
  CHECK(is("before\n```py\nx = 1\n```\nafter", "before\n \nafter"));
  CHECK(is("before\n```\nnever closed", "before\n "));
  CHECK(is("~~~\ncode\n~~~\nx", " \nx"));
  CHECK(is("````\n```\n````\nx", " \nx"));
  CHECK(is("mail jo@ex.io now", "mail   now"));
  CHECK(is("jo@ex.io", " "));
  CHECK(is("@jo hi", "@jo hi"));
  CHECK(is("```\n\n```\nx", " \nx"));
}

static void paths_and_names_of_programs_are_masked(void) {
  CHECK(is("open /usr/share/doc or ./a now", "open   or   now"));
  CHECK(is("call os.path.join(a, b) here", "call   b) here"));
  CHECK(is("the snake_case and camelCase std::string", "the   and    "));
  CHECK(is("if x==1 then \\frac{a}{b} <b>x</b>", "if   then    "));
  static const char PROSE[] = "a word. Another (one), and/or it's *bold* #tag 12/3";
  CHECK(is(PROSE, PROSE));
  CHECK(is("使用JavaScript编写", "使用 编写"));
  CHECK(is("naïve_x là-bas", "naï  là-bas"));
}

static void of_json_only_prose_in_values_stays(void) {
  CHECK(is("x {\"name\": \"get_user\", \"n\": 3} y", "x   y"));
  CHECK(is("{\"text\": \"Il fait beau aujourd'hui\"}", " Il fait beau aujourd'hui "));
  CHECK(is("[{\"a\": [1, {\"b\": null}]}] end", "  end"));
  CHECK(is("[\"red\", \"blue\"] end", "  end"));
  CHECK(is("{\"t\": \"l'\\u00e9t\\u00e9 est\\nl\\u00e0 \\\"ici\\\"\"}", " l'été est là  ici  "));
  CHECK(is("{\"t\": \"天气很好\"}", " 天气很好 "));
  CHECK(is("{\"cut\": \"the text ends here", " the text ends here "));
  CHECK(is("{\"cut\": {\"k\": [1, 2", " "));
  CHECK(is("{not json} [1, 2] [a]", "    [1, 2] [a]"));
  CHECK(is("say {\"so\"} and [sic]", "say   and [sic]"));
}

static void a_head_cuts_no_character(void) {
  CHECK(lang_head(span_str("äöü"), 3).len == 2);
  CHECK(lang_head(span_str("äöü"), 4).len == 4);
  CHECK(lang_head(span_str("abc"), 10).len == 3);
}

static void a_code_matches_itself_and_its_language(void) {
  CHECK(lang_matches("zh-Hant", span_str("zh")));
  CHECK(lang_matches("zh-Hant", span_str("zh-Hant")));
  CHECK(!lang_matches("zh", span_str("zh-Hant")));
  CHECK(!lang_matches("eng", span_str("en")));
}

static void languages_are_told_and_short_text_is_not(void) {
  if (!lang_available()) SKIP("built without CLD2");
  static const char *const TEXT[][2] = {
    { "How do I reset my password on the mobile app?", "en" },
    { "Bonjour, comment allez-vous aujourd'hui mes amis?", "fr" },
    { "Ich habe mein Passwort vergessen und brauche Hilfe.", "de" },
    { "今天天气很好，我们去公园吧。", "zh" },
    { "Как мне сменить пароль в приложении?", "ru" },
    { "yes", "und" }, { "", "und" }, { "`for (i = 0; i < n; i++)`", "und" },
  };
  for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++) {
    LangResult r = lang_detect(masked(TEXT[i][0]));
    CHECK(strcmp(r.code, TEXT[i][1]) == 0);
    CHECK(r.confidence >= 0 && r.confidence <= 1);
  }
}

static void parts_are_weighed_by_their_bytes(void) {
  LangResult part[3] = {
    { "en", 1.0, { { "en", 1.0 } }, 1 },
    { "und", 0.0, { { "xx", 0.4 } }, 0 },
    { "fr", 0.8, { { "fr", 0.8 }, { "en", 0.2 } }, 1 },
  };
  size_t bytes[3] = { 100, 50, 300 };
  /* known bytes 400: fr 240, en 100 + 60 */
  LangResult r = lang_merge(part, bytes, 3);
  CHECK(strcmp(r.code, "fr") == 0 && r.confidence > 0.5999 && r.confidence < 0.6001);
  CHECK(strcmp(r.share[1].code, "en") == 0 && r.share[1].share > 0.3999 && r.share[1].share < 0.4001);
  CHECK(strcmp(lang_merge(part + 1, bytes, 1).code, "und") == 0);
}

static void letters_are_counted_as_bytes_of_utf8(void) {
  CHECK(lang_letters(span_str("a-z A-Z 09 @[`{")) == 4);
  CHECK(lang_letters(span_str("äé")) == 4);
  CHECK(lang_letters(span_str("天气")) == 6);
  CHECK(lang_letters(span_str("")) == 0);
}

static void a_text_of_too_few_letters_is_undetermined(void) {
  if (!lang_available()) SKIP("built without CLD2");
  LangEngine e = { .min_letters = 28 };
  LangResult r;
  CHECK(lang_tell(&e, masked("Comment allez-vous, mes amis?"), &r) == 0);   /* 23 letters */
  CHECK(strcmp(r.code, "und") == 0 && r.confidence == 0 && !r.reliable);
  e.min_letters = 23;
  CHECK(lang_tell(&e, masked("Comment allez-vous, mes amis?"), &r) == 0);
  CHECK(strcmp(r.code, "fr") == 0 && r.reliable);
}

int main(void) {
  RUN(letters_are_counted_as_bytes_of_utf8);
  RUN(a_text_of_too_few_letters_is_undetermined);
  RUN(parts_are_weighed_by_their_bytes);
  RUN(code_urls_and_addresses_are_masked);
  RUN(paths_and_names_of_programs_are_masked);
  RUN(of_json_only_prose_in_values_stays);
  RUN(a_head_cuts_no_character);
  RUN(a_code_matches_itself_and_its_language);
  RUN(languages_are_told_and_short_text_is_not);
  return check_done();
}
