/* tests/test_conflict.c - what two answers are to each other, against what a reader would say; numbers by value. */
#include "check.h"

#include <stdlib.h>

#include "conflict/answers.h"

static int by_word(const void *a, const void *b) {
  const Negation *x = a, *y = b;
  return (x->word > y->word) - (x->word < y->word);
}

static ConflictRules rules(void) {
  Span yes[] = { span_str("Yes"), span_str("True") }, no[] = { span_str("no"), span_str("false") };
  Span neither[] = { span_str("no problem") }, marker[] = { span_str("####"), span_str("The answer is") };
  ConflictRules r = { .signals = ~0u, .alike = 0.8, .label_words = 6, .shingle = 5, .nnegations = 3 };
  r.negation = malloc(3 * sizeof *r.negation);
  if (r.negation == NULL || phrases_init(&r.yes, yes, 2) != 0 || phrases_init(&r.no, no, 2) != 0 ||
      phrases_init(&r.neither, neither, 1) != 0 || phrases_lower(&r.marker, marker, 2) != 0)
    abort();
  r.negation[0] = (Negation){ answer_word(span_str("not")), 0 };
  r.negation[1] = (Negation){ answer_word(span_str("isnt")), answer_word(span_str("is")) };
  r.negation[2] = (Negation){ answer_word(span_str("cannot")), answer_word(span_str("can")) };
  qsort(r.negation, 3, sizeof *r.negation, by_word);
  return r;
}

/* The signal's name, the same both ways round. */
static const char *signal_of(const char *x, const char *y) {
  ConflictRules r = rules();
  Answer a = { 0 }, b = { 0 };
  CHECK(answer_read(&a, &r, span_str(x)) == 0 && answer_read(&b, &r, span_str(y)) == 0);
  int s = answers_conflict(&r, &a, &b, 1);
  CHECK(s == answers_conflict(&r, &b, &a, 1));
  CHECK(answers_conflict(&r, &a, &a, 1) == CONFLICT_NONE);
  answer_free(&a);
  answer_free(&b);
  conflict_rules_free(&r);
  return conflict_signal_names[s];
}

static void each_signal_speaks_where_it_can_tell(void) {
  static const char *const CASES[][3] = {
    { "yes_no", "Yes.", "No, never." }, { "yes_no", "true", "FALSE" }, { "none", "Yes.", "No problem!" },
    { "none", "Yes.", "Yes, always" }, { "none", "yesterday it was, I think so.", "no" },
    { "number", "It takes 3 days", "It takes 4 days" }, { "none", "It takes 3 days", "It takes 3.0 days" },
    { "none", "It takes 3 days", "It takes 3 days or 72 hours" },
    { "negation", "It is safe to eat", "It is not safe to eat" },
    { "negation", "It is safe to eat", "It isn't safe to eat" },
    { "none", "It is not not safe to eat it raw", "It is safe to eat it raw" },
    { "label", "card arrival", "lost card" }, { "none", "card", "lost card" }, { "none", "7", "seven" },
    { "label", "Paris.", "Lyon." }, { "none", "Is this order correct?", "Right so?" },
    { "none", "Please check the order again.", "Let me see if that works." },
    { "final_answer", "a\n#### 12", "b\n#### 13" }, { "none", "2 and 3\n#### 1,200", "#### 1200.00\nthanks, 7 of 9" },
    { "final_answer", "So THE ANSWER IS Paris", "the answer is Rome" },
    { "none", "the answer is Paris.", "the answer is paris" },
    { "none", "", "" }, { "none", "", "word" },
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    const char *got = signal_of(CASES[i][1], CASES[i][2]);
    CHECK(strcmp(got, CASES[i][0]) == 0);
    if (strcmp(got, CASES[i][0]) != 0) printf("  %s | %s: %s\n", CASES[i][1], CASES[i][2], got);
  }
}

/* Are the numbers of two texts the same? */
static int same_numbers(const char *x, const char *y) {
  ConflictRules r = rules();
  Answer a = { 0 }, b = { 0 };
  CHECK(answer_read(&a, &r, span_str(x)) == 0 && answer_read(&b, &r, span_str(y)) == 0);
  int same = answers_ask_the_same(&a, &b);
  answer_free(&a);
  answer_free(&b);
  conflict_rules_free(&r);
  return same;
}

static void numbers_are_compared_by_value(void) {
  CHECK(same_numbers("1,000", "1000") && same_numbers("1,234,567", "1234567") && same_numbers("007", "7"));
  CHECK(same_numbers("3.50", "3.5") && same_numbers("3.00", "3") && same_numbers("0.5", "0.50"));
  CHECK(same_numbers("1, 2", "1 and 2") && same_numbers("2, 1, 2", "1, 2"));
  CHECK(!same_numbers("3.5", "35") && !same_numbers("-3", "3") && !same_numbers("1,00", "100"));
  CHECK(!same_numbers("0", "00.1"));
  CHECK(same_numbers("5-3", "5 - 3") && !same_numbers("5-3", "53"));
}

static void a_similarity_under_the_bound_is_a_contradiction_where_nothing_else_is(void) {
  ConflictRules r = rules();
  Answer a = { 0 }, b = { 0 };
  r.max_similarity = 0.3;
  CHECK(answer_read(&a, &r, span_str("Take the first road on the left and then walk on.")) == 0);
  CHECK(answer_read(&b, &r, span_str("Nobody lives there any more, I was told so by a friend.")) == 0);
  CHECK(answers_conflict(&r, &a, &b, 0.3) == CONFLICT_NONE);
  CHECK(answers_conflict(&r, &a, &b, 0.29) == CONFLICT_DIFFERENT);
  answer_free(&a);
  answer_free(&b);
  conflict_rules_free(&r);
}

int main(void) {
  RUN(each_signal_speaks_where_it_can_tell);
  RUN(numbers_are_compared_by_value);
  RUN(a_similarity_under_the_bound_is_a_contradiction_where_nothing_else_is);
  return check_done();
}
