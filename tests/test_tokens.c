/* tests/test_tokens.c - tokens, words, shingles */
#include <stdlib.h>

#include "check.h"
#include "text/chars.h"
#include "text/tokens.h"

static size_t count(const char *s) { return tokens_count(span_str(s)); }

static size_t walk(Span text) {
  size_t at = 0, n = 0;
  while (tokens_next(text, &at).ptr != NULL) n++;
  return n;
}

static void a_token_is_a_white_space_word(void) {
  CHECK(count("") == 0);
  CHECK(count(" \t\r\n\v\f ") == 0);
  CHECK(count("How do I reset my password on the mobile app?") == 10);
  CHECK(count("  two   words ") == 2);
  CHECK(count("don't - stop") == 3);               /* as Python's split */
}

static void unicode_white_space_parts_words(void) {
  CHECK(count("a\xC2\xA0" "b") == 2);              /* no-break space */
  CHECK(count("a\xE2\x80\x83" "b") == 2);          /* em space */
  CHECK(count("a\xE3\x80\x80" "b") == 2);          /* ideographic space */
  CHECK(count("a\xC2\x85" "b") == 2);              /* next line */
  CHECK(count("a\x1C" "b\x1F" "c") == 3);          /* information separators */
  CHECK(count("a\xE2\x80\x8B" "b") == 1);          /* zero-width space is no White_Space */
}

static void a_character_of_a_script_without_spaces_is_a_token(void) {
  CHECK(count("密码重置") == 4);
  CHECK(count("パスワードを忘れた") == 8);            /* the prolonged sound mark is a mark */
  CHECK(count("iPhoneを買う") == 4);
  CHECK(count("买 iPhone 吧。") == 3);
  CHECK(count("买.") == 1);
  CHECK(count("「你好」，世界！") == 4);
  CHECK(count("สวัสดี") == 4);                      /* ส ว ั ส ด ี: four letters, two marks */
  CHECK(count("བོད་སྐད") == 4);                     /* bod skad: b d s d are letters, k is joined below s */
}

static void letters_of_spaced_scripts_make_words(void) {
  CHECK(count("Wie ändere ich mein Passwort?") == 5);
  CHECK(count("Как сменить пароль") == 3);
  CHECK(count("איך מאפסים סיסמה") == 3);
  CHECK(count("“quoted” — text…") == 3);
  CHECK(count("비밀번호 재설정") == 2);              /* Hangul is written with spaces */
}

/* A word count by the definition, for ASCII. */
static size_t plain_words(const char *s, size_t len) {
  size_t n = 0;
  int in = 0;
  for (size_t i = 0; i < len; i++) {
    int space = s[i] == ' ' || (s[i] >= 9 && s[i] <= 13) || (s[i] >= 0x1C && s[i] <= 0x1F);
    n += !space && !in;
    in = !space;
  }
  return n;
}

static void the_vector_path_counts_as_the_definition_at_every_length(void) {
  char text[400];
  unsigned seed = 7;
  for (int round = 0; round < 200; round++) {
    for (size_t i = 0; i < sizeof text; i++) {
      seed = seed * 1103515245u + 12345u;
      unsigned r = seed >> 16 & 63;
      text[i] = r < 12 ? ' ' : r < 16 ? (char)(9 + r - 12) : r < 20 ? (char)(0x1C + r - 16) : (char)(33 + r);
    }
    for (size_t len = 0; len <= sizeof text; len += 1 + (size_t)round % 7)
      if (tokens_count(span_of(text, len)) != plain_words(text, len)) {
        CHECK(!"count differs");
        return;
      }
  }
}

static void walking_and_counting_agree(void) {
  static const char *PIECES[] = { "a", " ", "密", "。", ".", "é", "\xC2\xA0", "ส", "ั", "\n", "7", "「", "—" };
  char text[600];
  unsigned seed = 11;
  for (int round = 0; round < 3000; round++) {
    size_t len = 0;
    for (int k = 0; k < 100; k++) {
      seed = seed * 1103515245u + 12345u;
      const char *p = PIECES[(seed >> 16) % (sizeof PIECES / sizeof *PIECES)];
      memcpy(text + len, p, strlen(p));
      len += strlen(p);
    }
    if (tokens_count(span_of(text, len)) != walk(span_of(text, len))) {
      CHECK(!"walk differs");
      return;
    }
  }
}

static void a_text_shorter_than_a_shingle_is_one_shingle(void) {
  size_t at = 0;
  Span s = shingles_next(span_str("abc"), 5, &at);
  CHECK(span_eq(s, span_str("abc")));
  CHECK(shingles_next(span_str("abc"), 5, &at).ptr == NULL);
  at = 0;
  CHECK(shingles_next(span_str(""), 5, &at).ptr == NULL);
}

static void shingles_are_runs_of_code_points(void) {
  static const char *EXPECTED[] = { "äb", "bc", "cé" };
  Span text = span_str("äbcé");
  size_t at = 0, n = 0;
  for (Span s; (s = shingles_next(text, 2, &at)).ptr != NULL; n++) CHECK(n < 3 && span_eq(s, span_str(EXPECTED[n])));
  CHECK(n == 3);
}

static void words_part_at_unicode_white_space(void) {
  Span text = span_str(" one\xC2\xA0two\tthree ");
  size_t at = 0;
  CHECK(span_eq(words_next(text, &at), span_str("one")));
  CHECK(span_eq(words_next(text, &at), span_str("two")));
  CHECK(span_eq(words_next(text, &at), span_str("three")));
  CHECK(words_next(text, &at).ptr == NULL);
}

static void utf8_is_told_from_what_is_none(void) {
  CHECK(chars_valid("plain", 5));
  CHECK(chars_valid("\xF0\x9F\x98\x80", 4));
  CHECK(chars_valid("\xEF\xBF\xBD", 3));           /* U+FFFD itself */
  CHECK(!chars_valid("\xC0\x80", 2));              /* overlong */
  CHECK(!chars_valid("\xED\xA0\x80", 3));          /* a surrogate */
  CHECK(!chars_valid("\xF4\x90\x80\x80", 4));      /* past U+10FFFF */
  CHECK(!chars_valid("abcdefgh\xE2\x82", 10));     /* cut */
}

int main(void) {
  RUN(a_token_is_a_white_space_word);
  RUN(unicode_white_space_parts_words);
  RUN(a_character_of_a_script_without_spaces_is_a_token);
  RUN(letters_of_spaced_scripts_make_words);
  RUN(the_vector_path_counts_as_the_definition_at_every_length);
  RUN(walking_and_counting_agree);
  RUN(a_text_shorter_than_a_shingle_is_one_shingle);
  RUN(shingles_are_runs_of_code_points);
  RUN(words_part_at_unicode_white_space);
  RUN(utf8_is_told_from_what_is_none);
  return check_done();
}
