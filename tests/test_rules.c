/* tests/test_rules.c - what the rules measure, by hand and by brute force */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "rules/chat.h"
#include "rules/markers.h"
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

/* ---- leakage ---- */

static Finding leak(const char *measure, const char *output, const char *input, int characters) {
  return figure_of(&rules_leakage, measure, output, input, (double[]){ 1, 65536, characters }, NULL);
}

static void what_the_output_shares_with_the_input_counts_by_words(void) {
  const char *in = "The cat, sat on the mat.", *out = "A cat sat by the MAT";   /* cat sat the mat: 4 of 6 */
  CHECK(near(leak("lcs_ratio", out, in, 0).value, 4.0 / 6));
  Finding f = leak("substring_ratio", out, in, 0);
  CHECK(near(f.value, 2.0 / 6) && f.start == 2 && f.end == 9);   /* "cat sat", the first of two runs */
  CHECK(leak("lcs_ratio", "yes", "no", 0).value == 0);
  CHECK(isnan(leak("lcs_ratio", "...", "no", 0).value));
}

static void scripts_without_spaces_count_by_characters(void) {
  CHECK(near(leak("substring_ratio", "我的密码", "忘了密码", 0).value, 2.0 / 4));
  CHECK(near(leak("lcs_ratio", "ÄRGER im Büro", "ärger IM BÜRO", 0).value, 1));
  CHECK(near(leak("lcs_ratio", "XMJYAUZ", "MZJAWXU", 1).value, 4.0 / 7));   /* MJAU, the textbook's example */
}

/* Both by the tables of the definition, over bytes. */
static void plain(const char *a, size_t n, const char *b, size_t m, size_t *lcs, size_t *run) {
  size_t (*l)[130] = calloc(n + 1, sizeof *l), (*r)[130] = calloc(n + 1, sizeof *r);
  *run = 0;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      int same = a[i - 1] == b[j - 1];
      l[i][j] = same ? l[i - 1][j - 1] + 1 : l[i - 1][j] > l[i][j - 1] ? l[i - 1][j] : l[i][j - 1];
      r[i][j] = same ? r[i - 1][j - 1] + 1 : 0;
      if (r[i][j] > *run) *run = r[i][j];
    }
  *lcs = l[n][m];
  free(l);
  free(r);
}

static void both_figures_agree_with_the_definition(void) {
  uint64_t seed = 20240611;
  for (int t = 0; t < 2000; t++) {
    char a[300], b[130];
    seed = rules_mix(seed, (uint64_t)t);
    size_t n = seed % 299 + 1, m = seed / 512 % 129, letters = 1 + seed / 131072 % 20, lcs, run;
    for (size_t i = 0; i < n; i++) a[i] = (char)('a' + (seed = rules_mix(seed, i)) % letters);
    for (size_t i = 0; i < m; i++) b[i] = (char)('a' + (seed = rules_mix(seed, i)) % letters);
    a[n] = b[m] = '\0';
    plain(a, n, b, m, &lcs, &run);
    CHECK(near(leak("lcs_ratio", a, b, 1).value, (double)lcs / (double)n));
    Finding f = leak("substring_ratio", a, b, 1);
    CHECK(near(f.value, (double)run / (double)n) && f.end - f.start == run);
    a[f.end] = '\0';
    CHECK(strstr(b, a + f.start) != NULL);
  }
}

static void markers_need_a_line_of_their_own_and_text_behind(void) {
  const Span words[] = { span_str("answer:"), span_str("summary:") };
  const char *text = "Q: what?\n **Answer:** Paris,\nof course\n\nnext. Answer: no\nSUMMARY:\n";
  Marker m;
  CHECK(marker_next(span_str(text), 0, words, 2, &m));
  CHECK(m.start == 9 && m.mark == 12 && m.end == 38 && text[m.end] == '\n');
  CHECK(!marker_next(span_str(text), m.end + 1, words, 2, &m));   /* inside a line; nothing behind */
  CHECK(marker_next(span_str("summary:\nthe end"), 0, words, 2, &m) && m.end == 16);
  CHECK(!marker_next(span_str(""), 0, words, 2, &m));
}

/* ---- the document rules ---- */

static const char *const GOPHER_WORDS[] = { "the", "be", "to", "of", "and", "that", "have", "with", "privacy policy", NULL };

static Finding quality(const char *measure, const char *text, int prose) {
  return figure_of(&rules_quality, measure, text, "", (double[]){ 10, 3, prose, 0, 8 }, GOPHER_WORDS);
}

static void gophers_figures_are_counted_by_hand(void) {
  const char *text = "# The cat... and 12 dogs\n- to be\xE2\x80\xA6\n\n* 3";   /* 11 words: # The cat... and 12 dogs - to be… * 3 */
  CHECK(quality("words", text, 0).value == 11);
  /* with a letter or digit: The 3, cat... 6, and 3, 12 2, dogs 4, to 2, be… 3, 3 1 */
  CHECK(near(quality("mean_word_length", text, 0).value, 24.0 / 8));
  CHECK(near(quality("hash_ratio", text, 0).value, 1.0 / 11) && quality("hash_ratio", text, 0).end == 1);
  CHECK(near(quality("ellipsis_ratio", text, 0).value, 2.0 / 11));
  CHECK(near(quality("bullet_lines", text, 0).value, 2.0 / 3));
  CHECK(near(quality("ellipsis_lines", text, 0).value, 1.0 / 3));
  CHECK(near(quality("alpha_words", text, 0).value, 6.0 / 11));
  CHECK(quality("stop_words", text, 0).value == 4);   /* the, and, to, be */
}

static void c4s_figures_are_counted_by_hand(void) {
  const char *text = "One two three. Four five!\nshort.\nno end here at all\nSee our Privacy Policy and JavaScript {x}.\nOh well now...";
  CHECK(quality("sentences", text, 0).value == 3);    /* two, and one; "short." has one word, "…" ends no sentence */
  CHECK(quality("longest_word", text, 0).value == 10);
  Finding f = quality("policy_phrases", text, 0);
  CHECK(f.value == 1 && strncmp(text + f.start, "Privacy Policy", f.end - f.start) == 0);
  CHECK(quality("javascript", text, 0).value == 1 && quality("curly_brackets", text, 0).value == 1);
  CHECK(quality("lorem_ipsum", "Lorem Ipsum, LOREM IPSUM", 0).value == 2 && quality("lorem_ipsum", text, 0).value == 0);
}

static void finewebs_figures_are_counted_by_hand(void) {
  const char *text = "A whole line here.\nshort one\nshort one\nand no end to this";   /* 18, 9, 9, 18 characters */
  CHECK(near(quality("terminal_lines", text, 0).value, 1.0 / 4));
  CHECK(near(quality("short_lines", text, 0).value, 2.0 / 4));
  CHECK(near(quality("dup_line_chars", text, 0).value, 9.0 / 54));
  CHECK(near(quality("newline_ratio", text, 0).value, 3.0 / 13));
}

static void prose_leaves_out_code_tables_lists_and_data(void) {
  const char *text = "Here is it:\n```\nx = {1}\n```\n| a | b |\n- one\n2. two\n{\"k\": 3,\n\"l\": 4}\nfor (;;) {\nThat is all.";
  CHECK(quality("words", text, 1).value == 6);
  CHECK(near(quality("terminal_lines", text, 1).value, 1.0 / 2));
  CHECK(isnan(quality("hash_ratio", "```\n# a\n```", 1).value));
}

/* ---- cut off ---- */

static double cut(const char *sign, const char *text) {
  static const char *const WORDS[] = { "and", "the", NULL };
  return figure_of(&rules_truncated, sign, text, "", (double[]){ 3 }, WORDS).value;
}

static void what_is_open_at_the_end_is_counted(void) {
  CHECK(cut("open_fence", "See:\n```c\nint x;\n```\nDone.") == 0 && cut("open_fence", "See:\n```c\nint x;") == 1);
  CHECK(cut("open_fence", "```inline``` is none") == 0);
  CHECK(cut("open_brackets", "f(a, [b, {c") == 3 && cut("open_brackets", "f(a) :) 1) one") == 0);
  CHECK(cut("open_brackets", "{\"a\": \"(\", \"b\": [1") == 2 && cut("open_brackets", "{\"a\": \"(\"}") == 0);
  CHECK(cut("open_quote", "{\"a\": \"b") == 1 && cut("open_quote", "{\"a\": \"\\\"\"}") == 0);
  CHECK(cut("open_quote", "He said \"no\" at 6\" high.") == 0 && cut("open_quote", "He said \"no") == 1);
  CHECK(cut("open_quote", "f(\"12345\");") == 0 && cut("open_quote", "He said \"no to \"$1\"") == 0);
  CHECK(cut("open_quote", "Put it in double quotes (\").") == 0 && cut("open_quote", "if (c == '\"') f();") == 0);
  CHECK(cut("open_brackets", "if (c == '(' || c == \"[\") push('{');") == 0 && cut("open_brackets", "f('(x'") == 2);
  CHECK(cut("open_brackets", "s = \"{\\\"a\\\"}\";") == 0);
  CHECK(cut("open_quote", "\"One paragraph\n\nand \"another\".") == 0);
}

static void the_last_line_tells_of_lists_and_sentences(void) {
  CHECK(cut("mid_list", "1. one\n2.") == 1 && cut("mid_list", "- one\n-") == 1 && cut("mid_list", "1. one\n2. two") == 0);
  CHECK(cut("mid_sentence", "This is the end") == 1 && cut("mid_sentence", "This is the end.") == 0);
  CHECK(isnan(cut("mid_sentence", "Yes")) && isnan(cut("mid_sentence", "x = y + z * 2")));
  CHECK(cut("dangling", "You need bread and") == 1 && cut("dangling", "You need bread,") == 1);
  CHECK(cut("dangling", "You need bread now") == 0);
}

/* ---- encoding, markup, content ---- */

static double broken(const char *sign, const char *text) {
  return figure_of(&rules_encoding, sign, text, "", NULL, NULL).value;
}

static void broken_characters_are_counted(void) {
  CHECK(broken("mojibake", "caf\xC3\x83\xC2\xA9 isn\xC3\xA2\xE2\x82\xAC\xE2\x84\xA2t") == 2);   /* cafÃ© isnâ€™t */
  CHECK(broken("mojibake", "caf\xC3\xA9, p\xC3\xA2te, S\xC3\x83O, 20 \xC2\xB0" "C") == 0);         /* café, pâte, SÃO, 20 °C */
  CHECK(broken("replacement", "a\xEF\xBF\xBD" "b") == 1);
  CHECK(broken("control", "a\tb\r\n\x01\x7F") == 2 && broken("control", "\xC2\x9F") == 1);
  CHECK(broken("zero_width", "a\xE2\x80\x8B" "b") == 1);
  CHECK(broken("zero_width", "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE") == 0);   /* Persian needs its joiner */
  CHECK(broken("mixed_script", "p\xD0\xB0ypal \xD0\xB4\xD0\xB0 x\xCE\xB1") == 1);   /* pаypal with a Cyrillic а */
}

static double residue(const char *sign, const char *text) {
  static const char *const TAGS[] = { "b", "br", "div", NULL };
  return figure_of(&rules_markup, sign, text, "", NULL, TAGS).value;
}

static void residue_of_markup_is_counted_outside_code(void) {
  CHECK(residue("html_tags", "a<br/>b <DIV class=\"x\">c</div> `<b>` x<b and <body>\n```\n<br>\n```") == 3);
  CHECK(residue("html_entities", "a&nbsp;b &#39; &x; R&D; AT&T") == 2);
  CHECK(residue("html_entities", "int *p = &value; Shape *s = &circle; f(&n1;") == 0);
  CHECK(residue("html_entities", "caf&eacute; &frac12; &rsquo;s &#x27; &Uuml;") == 5);
  CHECK(residue("open_fence", "```\nx") == 1 && residue("open_fence", "```\nx\n```") == 0);
  CHECK(residue("open_emphasis", "**bold** and **not") == 1 && residue("open_emphasis", "2**3 is 8, a ** b") == 0);
  CHECK(residue("open_emphasis", "Node** head; f(*args, **kwargs);") == 1);   /* ", **kwargs" may be bold */
  CHECK(residue("open_emphasis", "Node** head; f(**kwargs); {**a}; (**Note**: no)") == 0);
}

static double says(const char *sign, const char *text) {
  static const char *const WORDS[] = { "null", "n/a", NULL };
  return figure_of(&rules_content, sign, text, "", NULL, WORDS).value;
}

static void letters_and_placeholders_are_told_apart(void) {
  CHECK(says("letters", " \n...-_") == 0 && says("letters", "42 \xC3\xA9") == 3);
  CHECK(says("placeholder", " Null. ") == 1 && says("placeholder", "N/A") == 1);
  CHECK(says("placeholder", "null and void") == 0 && says("placeholder", "") == 0);
}

static void a_chat_without_a_user_is_one(void) {
  Span null = span_str("null");
  ChatFaults f;
  CHECK(chat_read(span_str("[{\"from\":\"system\",\"value\":\"x\"},{\"from\":\"gpt\",\"value\":\" Null\"}]"),
                  &null, 1, &f) == 0);
  CHECK(f.n[CHAT_NO_USER] == 1 && f.n[CHAT_LITERAL] == 1 && f.turn[CHAT_LITERAL] == 1 && f.n[CHAT_LAST] == 0);
  CHECK(chat_read(span_str("[]"), &null, 1, &f) == 0 && f.n[CHAT_LAST] == 1);
}

int main(void) {
  RUN(repeated_lines_count_by_number_and_by_characters);
  RUN(paragraphs_end_at_blank_lines);
  RUN(the_top_gram_is_the_most_frequent_one_that_repeats);
  RUN(repeated_grams_count_each_character_once);
  RUN(characters_are_code_points);
  RUN(the_ratio_is_that_of_the_bigrams);
  RUN(what_the_output_shares_with_the_input_counts_by_words);
  RUN(scripts_without_spaces_count_by_characters);
  RUN(both_figures_agree_with_the_definition);
  RUN(markers_need_a_line_of_their_own_and_text_behind);
  RUN(gophers_figures_are_counted_by_hand);
  RUN(c4s_figures_are_counted_by_hand);
  RUN(finewebs_figures_are_counted_by_hand);
  RUN(prose_leaves_out_code_tables_lists_and_data);
  RUN(what_is_open_at_the_end_is_counted);
  RUN(the_last_line_tells_of_lists_and_sentences);
  RUN(broken_characters_are_counted);
  RUN(residue_of_markup_is_counted_outside_code);
  RUN(letters_and_placeholders_are_told_apart);
  RUN(a_chat_without_a_user_is_one);
  return check_done();
}
