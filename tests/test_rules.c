/* tests/test_rules.c - what the rules measure, by hand and by brute force */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "rules/rules.h"

/* A figure of a text with these numbers, by the kernels' own order; words: NULL or NULL-ended. */
static Finding figure_of(const RuleKernel *k, const char *measure, const char *text, const char *against,
                         const double *numbers, const char *const *words) {
  RuleSetup s = { .wanted = ~UINT32_C(0) };
  Finding f[RULES_MAX_MEASURES];
  for (int i = 0; numbers != NULL && k->numbers[i] != NULL; i++) s.number[i] = numbers[i];
  for (; words != NULL && words[s.nwords] != NULL; s.nwords++) s.word[s.nwords] = span_str(words[s.nwords]);
  CHECK(rules_run(k, &s, span_str(text), span_str(against), f) == 0);
  int m = rules_measure(k, span_str(measure));
  CHECK(m >= 0);
  return f[m < 0 ? 0 : m];
}

static int near(double a, double b) { return fabs(a - b) < 1e-12; }

/* ---- repetition ---- */

static Finding repetition(const char *measure, const char *text) {
  return figure_of(&rules_repetition, measure, text, "", (double[]){ 2 }, NULL);
}

static void repeated_lines_count_by_number_and_by_characters(void) {
  const char *text = "a b c\na b c\nd e f";   /* 17 characters, 3 lines, the second repeats */
  Finding f = repetition("dup_line_fraction", text);
  CHECK(near(f.value, 1.0 / 3) && f.start == 6 && f.end == 11);
  CHECK(near(repetition("dup_line_char_fraction", text).value, 5.0 / 17));
  CHECK(repetition("dup_paragraph_fraction", text).value == 0);
}

static void paragraphs_end_at_blank_lines(void) {
  const char *text = "one\ntwo\n\none\ntwo\n \nthree";   /* 24 characters: 7 + 2 + 7 + 3 + 5 */
  CHECK(near(repetition("dup_paragraph_fraction", text).value, 1.0 / 3));
  CHECK(near(repetition("dup_paragraph_char_fraction", text).value, 7.0 / 24));
  CHECK(near(repetition("dup_line_fraction", text).value, 2.0 / 5));
}

static void the_top_gram_is_the_most_frequent_one_that_repeats(void) {
  Finding f = repetition("top_2gram_char_fraction", "a b c\na b c\nd e f");
  CHECK(near(f.value, 2 * 3.0 / 17) && f.start == 0 && f.end == 3);
  CHECK(near(repetition("top_3gram_char_fraction", "a b c\na b c\nd e f").value, 2 * 5.0 / 17));
  CHECK(repetition("top_2gram_char_fraction", "yes it is").value == 0);   /* nothing stands twice */
  CHECK(isnan(repetition("top_4gram_char_fraction", "yes it is").value));
}

static void repeated_grams_count_each_character_once(void) {
  Finding f = repetition("dup_5gram_char_fraction", "a b c d e a b c d e");   /* five letters of 19 characters */
  CHECK(near(f.value, 5.0 / 19) && f.start == 10 && f.end == 19);
  CHECK(repetition("dup_6gram_char_fraction", "a b c d e a b c d e").value == 0);
  CHECK(repetition("dup_5gram_char_fraction", "a b c d e f g h i j").value == 0);
}

static void characters_are_code_points(void) {
  CHECK(near(repetition("dup_line_char_fraction", "\xC3\xA9\xC3\xA9\n\xC3\xA9\xC3\xA9").value, 2.0 / 5));
}

static void the_ratio_is_that_of_the_bigrams(void) {
  CHECK(near(repetition("ratio", "A b a B a b").value, 0.6));
  CHECK(isnan(repetition("ratio", "one").value));
  CHECK(isnan(repetition("dup_line_fraction", "").value));
}

int main(void) {
  RUN(repeated_lines_count_by_number_and_by_characters);
  RUN(paragraphs_end_at_blank_lines);
  RUN(the_top_gram_is_the_most_frequent_one_that_repeats);
  RUN(repeated_grams_count_each_character_once);
  RUN(characters_are_code_points);
  RUN(the_ratio_is_that_of_the_bigrams);
  return check_done();
}
