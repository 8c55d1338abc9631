/* tests/test_recur.c - sentences and those that recur, against rules written down and plain counting. */
#include "check.h"

#include <stdlib.h>

#include "recur/recur.h"
#include "text/fold.h"

static Abbreviations known(void) {
  static const char *const WORDS[] = { "Dr", "e.g", "approx" };
  Span word[3];
  Abbreviations a;
  for (int i = 0; i < 3; i++) word[i] = span_str(WORDS[i]);
  if (abbreviations_init(&a, word, 3) != 0) abort();
  return a;
}

/* The sentences of a text, '|' behind each. */
static const char *split(const char *text) {
  static char out[1024];
  Abbreviations a = known();
  size_t at = 0, len = 0;
  Sentence s;
  while ((s = sentence_next(&a, span_str(text), &at)).text.ptr != NULL) {
    memcpy(out + len, s.text.ptr, s.text.len);
    len += s.text.len;
    out[len++] = s.ended ? '|' : '/';
  }
  out[len] = '\0';
  abbreviations_free(&a);
  return out;
}

static void sentences_end_at_marks_and_lines(void) {
  CHECK(strcmp(split(""), "") == 0);
  CHECK(strcmp(split("  \n \r\n "), "") == 0);
  CHECK(strcmp(split("One. Two! Three?  Four"), "One.|Two!|Three?|Four/") == 0);
  CHECK(strcmp(split("One\nTwo  \r\n\r\nThree"), "One/Two/Three/") == 0);
  CHECK(strcmp(split("\"Really?!\" (Yes.) **Bold.** end"), "\"Really?!\"|(Yes.)|**Bold.**|end/") == 0);
  CHECK(strcmp(split("Wait... what? Well... So"), "Wait... what?|Well...|So/") == 0);
  CHECK(strcmp(split("是的。好！走吗？嗯"), "是的。|好！|走吗？|嗯/") == 0);
  CHECK(strcmp(split("नमस्ते। कैसे हो"), "नमस्ते।|कैसे हो/") == 0);
  CHECK(strcmp(split("a\xC2\xA0.\xE2\x80\xA8" "b"), "a\xC2\xA0.|b/") == 0);
}

static void full_stops_inside_a_sentence_do_not_end_it(void) {
  CHECK(strcmp(split("Dr. Smith pays 3.50 at example.com now. Bye"),
               "Dr. Smith pays 3.50 at example.com now.|Bye/") == 0);
  CHECK(strcmp(split("J. R. Smith, e.g. here, dr. Who. Yes"), "J. R. Smith, e.g. here, dr. Who.|Yes/") == 0);
  CHECK(strcmp(split("1. Open it. 2. Close it in 2020. Done"), "1. Open it.|2. Close it in 2020.|Done/") == 0);
  CHECK(strcmp(split("So do I. Then"), "So do I.|Then/") == 0);
}

static void a_key_ignores_case_white_space_and_punctuation(void) {
  char room[256];
  SentenceKey a = sentence_key(span_str("Thank you, for  calling!"), room);
  SentenceKey b = sentence_key(span_str("thank you for calling"), room);
  CHECK(a.hi == b.hi && a.lo == b.lo && a.words == 4 && a.bytes == 21);
  CHECK(sentence_key(span_str("thank you for call"), room).lo != a.lo);
}

/* ---- counting ---- */

typedef struct Plain { RecurTexts texts; const Span *text; } Plain;
static Span plain_text(const RecurTexts *t, size_t i, int worker) {
  (void)worker;
  return ((const Plain *)t)->text[i];
}

static uint64_t state;
static uint32_t draw(uint32_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % n;
}

enum { TEXTS = 400, VOCABULARY = 60, LENGTH = 512 };

/* Up to six sentences of a vocabulary whose low numbers are frequent; some texts are absent. */
static Span made_text(char *room) {
  size_t len = 0, n = draw(7);
  for (size_t i = 0; i < n; i++)
    len += (size_t)snprintf(room + len, LENGTH - len, "Sentence %u of the list%s",
                            draw(VOCABULARY) * draw(VOCABULARY) / VOCABULARY, draw(2) ? ". " : "!\n");
  return n == 0 && draw(2) ? span_of(NULL, 0) : span_of(room, len);
}

/* In how many texts a sentence stands, by plain comparison of folded sentences. */
static size_t plain_count(const Span *text, size_t n, Span folded, uint32_t *first) {
  size_t rows = 0;
  for (size_t i = 0; i < n; i++) {
    size_t at = 0;
    Sentence s;
    int found = 0;
    while (text[i].ptr != NULL && !found && (s = sentence_next(NULL, text[i], &at)).text.ptr != NULL) {
      char room[LENGTH * 2];
      found = span_eq(folded, span_of(room, fold_text(room, s.text, FOLD_DROP_PUNCTUATION, NULL)));
    }
    if (found && rows++ == 0) *first = (uint32_t)i;
  }
  return rows;
}

static void check_against_plain(const Recur *r, const Span *text, size_t n) {
  size_t seen = 0;
  for (uint32_t v = 0; v < VOCABULARY; v++) {
    char sentence[64], room[256];
    snprintf(sentence, sizeof sentence, "Sentence %u of the list", v);
    SentenceKey k = sentence_key(span_str(sentence), room);
    uint32_t first = 0, place = recur_place(r, &k);
    size_t rows = plain_count(text, n, span_of(room, k.bytes), &first);
    CHECK((rows >= r->bound) == (place != RECUR_NONE));
    if (place == RECUR_NONE) continue;
    seen++;
    CHECK(r->list[place].rows == rows && r->list[place].first == first);
    CHECK(place == 0 || r->list[place - 1].rows >= rows);
  }
  CHECK(seen == r->n);
}

static void counts_are_those_of_plain_counting_for_any_threads_and_cells(void) {
  static char room[TEXTS][LENGTH];
  Span text[TEXTS];
  Plain t = { { TEXTS, plain_text }, text };
  Pool *pool = pool_new(3);
  Error err;
  for (state = 1; state < 6; state++) {
    uint64_t seed = state;
    for (size_t i = 0; i < TEXTS; i++) text[i] = made_text(room[i]);
    RecurParams p = { .min_words = 2, .max_df = seed % 2 ? 0.05 : 0, .min_rows = 3 };
    Recur one, many;
    CHECK(recur_find(&t.texts, &p, NULL, &one, &err) == 0);
    p.cells = 2;   /* all share two counters: only the exact count is left to tell */
    CHECK(recur_find(&t.texts, &p, pool, &many, &err) == 0);
    CHECK(one.n == many.n && one.n > 5 && memcmp(one.list, many.list, one.n * sizeof *one.list) == 0);
    check_against_plain(&one, text, TEXTS);
    recur_free(&one);
    recur_free(&many);
    state = seed;
  }
  pool_free(pool);
}

static void bounds_are_strict_and_labels_and_short_sentences_do_not_count(void) {
  Span text[10];
  Plain t = { { 10, plain_text }, text };
  Error err;
  Recur r;
  for (int i = 0; i < 10; i++)
    text[i] = span_str(i < 4 ? "We are closed now. Bye." : i < 8 ? "wrong exchange rate" : "x y z.");
  RecurParams p = { .min_words = 3, .max_df = 0.4, .min_rows = 2 };
  CHECK(recur_find(&t.texts, &p, NULL, &r, &err) == 0 && r.n == 0 && r.texts == 10 && r.bound == 5);
  recur_free(&r);
  p.max_df = 0.39;
  CHECK(recur_find(&t.texts, &p, NULL, &r, &err) == 0 && r.n == 1 && r.list[0].rows == 4);
  RecurShare share = { 0, 0 };
  RecurHit hit[2];
  char room[128];
  CHECK(recur_measure(&r, &p, text[0], 1, room, &share, hit, 2) == 1);
  CHECK(share.all == 17 + 3 && share.recurring == 17);   /* "we are closed now", "bye" */
  CHECK(hit[0].begin == 0 && hit[0].end == 18 && hit[0].place == 0);
  recur_free(&r);
}

int main(void) {
  RUN(sentences_end_at_marks_and_lines);
  RUN(full_stops_inside_a_sentence_do_not_end_it);
  RUN(a_key_ignores_case_white_space_and_punctuation);
  RUN(counts_are_those_of_plain_counting_for_any_threads_and_cells);
  RUN(bounds_are_strict_and_labels_and_short_sentences_do_not_count);
  return check_done();
}
