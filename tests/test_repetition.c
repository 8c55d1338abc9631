/* tests/test_repetition.c - repeated bigrams; rules by words */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "text/fold.h"
#include "text/repetition.h"
#include "text/topics.h"

static Bigrams bigrams(const char *s) {
  char folded[1000];
  Span f = span_of(folded, fold_text(folded, span_str(s), 0, NULL));
  void *room = malloc(repetition_room(repetition_words(f)));
  Bigrams b = repetition_bigrams(f, room);
  free(room);
  return b;
}

static void a_text_without_repeats_has_ratio_zero(void) {
  Bigrams b = bigrams("one two three four five six seven eight nine ten");
  CHECK(b.words == 10 && b.all == 9 && b.distinct == 9);
  CHECK(repetition_ratio(b) == 0.0);
}

static void every_second_word_alike_is_counted_by_hand(void) {
  /* a b a b a b: ab ba ab ba ab, two distinct of five */
  Bigrams b = bigrams("a b a b a b");
  CHECK(b.all == 5 && b.distinct == 2);
  CHECK(fabs(repetition_ratio(b) - 0.6) < 1e-12);
}

static void case_and_white_space_do_not_matter(void) {
  Bigrams b = bigrams("Thank You\n thank\tyou THANK  you");   /* ty yt ty yt ty */
  CHECK(b.all == 5 && b.distinct == 2);
  b = bigrams("ÄRGER JA ärger ja");                           /* äj jä äj */
  CHECK(b.all == 3 && b.distinct == 2);
}

static void no_words_and_one_word_have_no_bigrams(void) {
  CHECK(bigrams("").all == 0 && bigrams("").words == 0);
  CHECK(bigrams("one").all == 0 && bigrams("one").words == 1);
  CHECK(repetition_ratio(bigrams("one")) == 0.0);
}

static void word_borders_matter(void) {
  /* (ab, c) is not (a, bc): four bigrams, all different */
  Bigrams b = bigrams("ab c a bc x");
  CHECK(b.all == 4 && b.distinct == 4);
}

/* ---- topics ---- */

static int64_t match(const Topics *t, const char *s) {
  char folded[1000];
  return topics_match(t, span_of(folded, fold_text(folded, span_str(s), 0, NULL)));
}

static const char *PHRASES[] = { "password", "log in", "invoice", "refund*", "c++", "密码", "in", "he", "hers" };
static const uint32_t RULES[] = { 0, 0, 1, 1, 2, 3, 4, 5, 6 };
enum { N = sizeof RULES / sizeof *RULES };

static Topics *make(void) {
  TopicPhrase p[N];
  for (size_t i = 0; i < N; i++) p[i] = (TopicPhrase){ span_str(PHRASES[i]), RULES[i] };
  Error err;
  return topics_new(p, N, &err);
}

static void phrases_stand_alone(void) {
  Topics *t = make();
  CHECK(match(t, "My Password is lost") == 0);
  CHECK(match(t, "passwords") == -1);
  CHECK(match(t, "the invoice.") == 1);
  CHECK(match(t, "(invoice)") == 1);
  CHECK(match(t, "invoice_no") == -1);
  CHECK(match(t, "sinvoice") == -1);
  CHECK(match(t, "éinvoice") == -1);
  CHECK(match(t, "invoiceé") == -1);
  CHECK(match(t, "“invoice”") == 1);
  topics_free(t);
}

static void white_space_and_case_are_folded(void) {
  Topics *t = make();
  CHECK(match(t, "please LOG \n In now") == 0);
  CHECK(match(t, "blog in") == 4);                /* only "in" */
  topics_free(t);
}

static void a_star_lifts_the_boundary(void) {
  Topics *t = make();
  CHECK(match(t, "two refunds") == 1);
  CHECK(match(t, "prerefund") == -1);
  topics_free(t);
}

static void symbols_and_unspaced_scripts_need_no_boundary(void) {
  Topics *t = make();
  CHECK(match(t, "written in C++17") == 2);
  CHECK(match(t, "我的密码忘了") == 3);
  topics_free(t);
}

static void the_first_rule_wins_wherever_it_stands(void) {
  Topics *t = make();
  CHECK(match(t, "refund my invoice, and my password") == 0);
  CHECK(match(t, "hers") == 6);                   /* "he" is inside, and stands not alone */
  CHECK(match(t, "he took hers") == 5);
  CHECK(match(t, "nothing of it") == -1);
  topics_free(t);
}

static void a_phrase_without_a_word_is_an_error(void) {
  Error err;
  TopicPhrase p = { span_str(" * "), 0 }, q = { span_str("**"), 0 };
  CHECK(topics_new(&q, 1, &err) == NULL && strstr(err.text, "holds no word"));
  Topics *t = topics_new(&p, 1, &err);            /* a star between blanks is a word */
  CHECK(t != NULL && match(t, "2 * 3") == 0);
  topics_free(t);
}

int main(void) {
  RUN(a_text_without_repeats_has_ratio_zero);
  RUN(every_second_word_alike_is_counted_by_hand);
  RUN(case_and_white_space_do_not_matter);
  RUN(no_words_and_one_word_have_no_bigrams);
  RUN(word_borders_matter);
  RUN(phrases_stand_alone);
  RUN(white_space_and_case_are_folded);
  RUN(a_star_lifts_the_boundary);
  RUN(symbols_and_unspaced_scripts_need_no_boundary);
  RUN(the_first_rule_wins_wherever_it_stands);
  RUN(a_phrase_without_a_word_is_an_error);
  return check_done();
}
