/* tests/test_template.c - what nearly all rows share is found, and near copies stay near copies. */
#include "neardup/neardup.h"

#include <stdlib.h>

#include "check.h"
#include "fixture.h"

enum { ROWS = 20, LINE = 512 };

static const TemplateParams params = { .share = 0.9, .least = 40, .rest = 20, .threshold = 0.8, .shingle = 5 };
static const char instruction[] = "You are given a ticket of our help desk. Answer it in two sentences, and be kind.";
static const char *const question[ROWS] = {
  "Why is my invoice from March twice as high as the others?", "Can I move my number to another phone?",
  "The scanner does not find the wireless network any more", "Where do I see who has logged in today?",
  "Please tell me how to export all contacts to a table", "My colleague left, how do I take over her mail?",
  "Is there a discount for schools and libraries?", "The app closes when I open the calendar",
  "How long are backups kept, and where do they lie?", "Which address do I send the broken keyboard to?",
  "I cannot attach pictures that are larger than ten megabytes", "Does the plan for families cover five devices?",
  "We need a second administrator before the holidays", "The printed labels come out on two pages",
  "How do I change the language of the reports?", "What happens to open orders when we cancel?",
  "The search finds nothing that is older than a week", "May I pay by bank transfer instead of card?",
  "Two calendars show the same meeting at different times", "Who can read the notes that I pin to a customer?",
};

static View *view_of(char line[ROWS][LINE]) {
  const char *text[ROWS];
  for (int i = 0; i < ROWS; i++) text[i] = line[i];
  Corpus *c = fixture_corpus(text, ROWS);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

static View *questions(const char *before, const char *behind) {
  static char line[ROWS][LINE];
  for (int i = 0; i < ROWS; i++)
    snprintf(line[i], LINE, "{\"input\": \"%s%s%s\", \"output\": \"%d\"}", before, question[i], behind, i);
  return view_of(line);
}

static Template found(const View *v) {
  uint32_t rows[ROWS];
  Template t;
  view_standing(v, rows);
  CHECK(template_find(&t, v, rows, v->standing, NEARDUP_FIELDS, 0, &params) == 0);
  return t;
}

static void a_beginning_that_all_rows_share_is_cut_at_a_word(void) {
  char before[LINE];
  snprintf(before, sizeof before, "%s Question: ", instruction);
  View *v = questions(before, "");
  Template t = found(v);
  CHECK(t.field[FIELD_INPUT].begin_len == strlen(before) && t.field[FIELD_INPUT].end == NULL);
  CHECK(t.field[FIELD_OUTPUT].begin == NULL);
  char folded[] = "you are given a ticket of our help desk. answer it in two sentences, and be kind. question: why?";
  CHECK(span_eq(template_cut(&t.field[FIELD_INPUT], span_str(folded)), span_str("why?")));
  CHECK(span_eq(template_cut(&t.field[FIELD_INPUT], span_str("why?")), span_str("why?")));
  template_free(&t);
  view_unref(v);
}

static void an_end_that_all_rows_share_is_cut_at_a_word(void) {
  View *v = questions("", " -- sent by the contact form of the shop in the old town");
  Template t = found(v);
  CHECK(t.field[FIELD_INPUT].begin == NULL);
  CHECK(t.field[FIELD_INPUT].end_len == strlen(" -- sent by the contact form of the shop in the old town"));
  template_free(&t);
  view_unref(v);
}

static void near_copies_of_one_text_are_no_template(void) {
  static char line[ROWS][LINE];
  for (int i = 0; i < ROWS; i++)
    snprintf(line[i], LINE, "{\"input\": \"%s My number is %d.\", \"output\": \"x\"}", instruction, 1000 + i * 37);
  View *v = view_of(line);
  Template t = found(v);
  CHECK(!template_any(&t));   /* the rest is too short to be a text of its own */
  view_unref(v);
  for (int i = 0; i < ROWS; i++)
    snprintf(line[i], LINE, "{\"input\": \"%s Number %d. And then the same long text follows in each row once more.\", \"output\": \"x\"}",
             instruction, 10 + i);
  v = view_of(line);
  t = found(v);
  CHECK(t.field[FIELD_INPUT].begin == NULL);   /* the rests are near copies of each other */
  template_free(&t);
  view_unref(v);
}

static void questions_behind_one_instruction_are_no_twins(void) {
  View *v = questions(instruction, "");
  LeaderParams p = { .shingle = 5, .threshold = 0.35, .floor = 0.35, .hashes = 256, .bands = 128, .rows = 2, .path = simd_best() };
  TemplateParams off = { 0 };
  NeardupCounts counts;
  Error err;
  VerdictList *with = neardup_leaders(v, NEARDUP_FIELDS, &p, &params, NULL, &counts, &err);
  CHECK(with != NULL && with->n == 0 && counts.shared[FIELD_INPUT].begin > 40);
  VerdictList *without = neardup_leaders(v, NEARDUP_FIELDS, &p, &off, NULL, &counts, &err);
  CHECK(without != NULL && without->n > 0 && counts.shared[FIELD_INPUT].begin == 0);
  verdicts_free(with);
  verdicts_free(without);
  view_unref(v);
}

int main(void) {
  RUN(a_beginning_that_all_rows_share_is_cut_at_a_word);
  RUN(an_end_that_all_rows_share_is_cut_at_a_word);
  RUN(near_copies_of_one_text_are_no_template);
  RUN(questions_behind_one_instruction_are_no_twins);
  return check_done();
}
