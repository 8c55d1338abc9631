/* tests/test_classify.c - the linear classifier: what it sees of a text, scores against brute force, its file, the fit */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "classify/train.h"
#include "core/utf8.h"

static const FeatureShape SHAPE = { .bits = 12, .char_min = 2, .char_max = 5, .words = 2 };

static uint64_t state = 7;
static uint32_t draw(uint32_t n) {
  state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)(state >> 33) % n;
}

/* ---- words ---- */

/* The words of a text, "|" before one that opens a sentence, " " before others. */
static const char *words_of(const char *text) {
  static char out[4096];
  size_t n = 0;
  WordWalk w;
  words_begin(&w, span_str(text));
  while (words_step(&w)) {
    out[n++] = w.opens ? '|' : ' ';
    for (size_t i = 1; i <= w.n; i++) n += utf8_put(out + n, w.cp[i]);
  }
  out[n] = '\0';
  return out;
}

static void words_are_folded_and_what_hides_them_is_undone(void) {
  static const char *const CASE[][2] = {
    { "You are Fine", "|you are fine" },          { "Don\xE2\x80\x99t, don't", "|dont dont" },
    { "1d10t and $tupid", "|idiot and stupid" },   { "in 2024", "|in 0000" },
    { "s t u p i d you", "|stupid you" },          { "s.t.u.p.i.d!", "|stupid" },
    { "a b now", "|a b now" },                     { "I am a man", "|i am a man" },
    { "soooo gooood too", "|so god too" },         { "st**id **bold**", "|st*id bold" },
    { "One. Two! three? four", "|one|two|three|four" }, { "v1.2 x.y", "|vi 0 x y" },
    { "a\nb", "|a|b" },                            { "\xC3\x84RGER \xD0\x9F\xD0\x9E", "|\xC3\xA4rger \xD0\xBF\xD0\xBE" },
    { "snake_case", "|snake_case" },               { "...", "" },
    { "", "" },                                    { "\xE4\xBD\xA0\xE3\x80\x82\xE5\xA5\xBD", "|\xE4\xBD\xA0|\xE5\xA5\xBD" },
  };
  for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
    const char *got = words_of(CASE[i][0]);
    if (strcmp(got, CASE[i][1]) != 0) printf("%s: got %s\n", CASE[i][0], got);
    CHECK(strcmp(got, CASE[i][1]) == 0);
  }
}

static void a_word_has_as_many_features_as_n_grams(void) {
  uint32_t bucket[FEATURES_A_WORD];
  WordWalk w;
  words_begin(&w, span_str("abc de"));
  CHECK(words_step(&w));
  CHECK(features_of(&w, &SHAPE, bucket) == 4 + 3 + 2 + 1 + 1);      /* " abc " and the word */
  CHECK(words_step(&w));
  CHECK(features_of(&w, &SHAPE, bucket) == 3 + 2 + 1 + 0 + 1 + 1);  /* " de ", the word and the pair */
  CHECK(!words_step(&w));
  char longest[200];
  memset(longest, 'x', sizeof longest);
  for (size_t i = 0; i < sizeof longest; i += 2) longest[i] = 'y';
  size_t words = 0;
  words_begin(&w, span_of(longest, sizeof longest));
  for (; words_step(&w); words++) CHECK(features_of(&w, &SHAPE, bucket) <= FEATURES_A_WORD);
  CHECK(words == sizeof longest / FEATURES_WORD);
}

/* ---- scores ---- */

static Classify *random_classifier(uint32_t window) {
  Classify *c = classify_new(&(ClassifyReading){ SHAPE, window, 9, 1 + draw(window < 4 ? window : 4) }, span_str("{}"));
  for (size_t i = 0; i < (size_t)1 << SHAPE.bits; i++) c->weight[i] = (int8_t)(draw(255) - 127);
  c->unit = 1e-4, c->bias = -0.5, c->slope = 2, c->offset = 0.25;
  return c;
}

typedef struct Sentence { double sum, n; uint32_t words; } Sentence;

/* By the definition: every sentence, and every window of whole ones that has `window` words at most and could take
** none before. */
static double worst_window(const Classify *c, Span text) {
  static Sentence s[2000];
  uint32_t bucket[FEATURES_A_WORD];
  size_t n = 0;
  double worst = -HUGE_VAL;
  WordWalk w;
  words_begin(&w, text);
  while (words_step(&w)) {
    size_t k = features_of(&w, &c->read.shape, bucket);
    if (n == 0 || w.opens || s[n - 1].words == c->read.window) s[n++] = (Sentence){ 0 };
    for (size_t i = 0; i < k; i++) s[n - 1].sum += c->weight[bucket[i]] * abs(c->weight[bucket[i]]);
    s[n - 1].n += (double)k, s[n - 1].words++;
  }
  for (size_t end = 0; end < n; end++) {
    double sum = 0, features = 0;
    uint32_t words = 0;
    for (size_t i = end + 1; i-- > 0 && words + s[i].words <= c->read.window;)
      sum += s[i].sum, features += s[i].n, words += s[i].words;
    if (words >= c->read.least) worst = fmax(worst, c->bias + c->unit * sum / sqrt(features + c->read.pad));
    if (s[end].words >= c->read.least)
      worst = fmax(worst, c->bias + c->unit * s[end].sum / sqrt(s[end].n + c->read.pad));
  }
  return worst;
}

static void a_text_has_the_value_of_its_worst_window(void) {
  char text[1024];
  for (int round = 0; round < 300; round++) {
    Classify *c = random_classifier(1 + draw(20));
    size_t len = draw(sizeof text);
    for (size_t i = 0; i < len; i++) text[i] = "abcde fg.h\n!?1*'$ "[draw(18)];
    ClassifyResult r = classify_text(c, span_of(text, len));
    double wanted = worst_window(c, span_of(text, len));
    CHECK(wanted == r.value || fabs(wanted - r.value) < 1e-9);
    CHECK(r.start <= r.end && r.end <= len);
    CHECK(!(r.value > -HUGE_VAL) || fabs(r.score - 1 / (1 + exp(-(2 * r.value + 0.25)))) < 1e-12);
    classify_free(c);
  }
}

static void a_text_of_too_few_words_has_score_0(void) {
  Classify *c = random_classifier(16);
  CHECK(classify_text(c, span_str(" ... !")).score == 0);
  CHECK(classify_text(c, span_of("", 0)).score == 0);
  c->read.least = 2;
  CHECK(classify_text(c, span_str("idiot")).score == 0);
  CHECK(classify_text(c, span_str("stupid idiot")).score > 0);
  classify_free(c);
}

/* ---- the file ---- */

static void a_file_reads_as_it_was_written_and_nothing_else_does(void) {
  Error err;
  Classify *c = random_classifier(16);
  Buf b = { 0 };
  CHECK(classify_write(c, &b) == 0);
  Classify *d = classify_read(buf_span(&b), &err);
  CHECK(d != NULL && d->unit == c->unit && d->read.window == 16 && d->read.pad == 9 && d->header_len == 2);
  CHECK(d != NULL && d->read.least == c->read.least);
  CHECK(d != NULL && memcmp(d->weight, c->weight, (size_t)1 << SHAPE.bits) == 0);
  classify_free(d);
  for (size_t len = 0; len < b.len; len += len < 100 ? 1 : 97) CHECK(classify_read(span_of(b.ptr, len), &err) == NULL);
  for (size_t i = 0; i < b.len; i += i < 100 ? 1 : 53) {
    b.ptr[i] ^= 4;
    CHECK(classify_read(buf_span(&b), &err) == NULL);
    b.ptr[i] ^= 4;
  }
  CHECK(buf_char(&b, 'x') == 0 && classify_read(buf_span(&b), &err) == NULL);
  buf_free(&b);
  classify_free(c);
}

/* ---- the fit ---- */

static TrainParams plain(void) {
  return (TrainParams){ .read = { SHAPE, 16, 0, 2 }, .c = 3, .smooth = 0, .passes = 60, .seed = 1 };
}

static TrainText one(const char *text, int positive) { return (TrainText){ span_str(text), (uint8_t)positive, 0, 1 }; }

/* Two texts without a feature in common, |x|^2 = s each: by symmetry the bias is 0 and f = a s, -a s, where
** a = c / (1 + exp(f)). */
static void two_texts_reach_the_optimum_of_the_logistic_loss(void) {
  TrainParams p = plain();
  p.read.shape = (FeatureShape){ .bits = 20, .words = 1 };
  TrainText t[] = { one("alpha beta", 1), one("gamma delta", 0) };   /* two buckets each: |x|^2 = 1 */
  Error err;
  Classify *c = train_fit(t, 2, &p, span_of("", 0), &err);
  double low = 0, high = p.c;
  for (int i = 0; i < 200; i++) {
    double a = (low + high) / 2;
    if (a > p.c / (1 + exp(a))) high = a;
    else low = a;
  }
  CHECK(c != NULL && fabs(c->bias) < 1e-6);
  CHECK(fabs(classify_text(c, t[0].text).value - low) < 0.01);     /* eight bits a weight */
  CHECK(fabs(classify_text(c, t[1].text).value + low) < 0.01);
  classify_free(c);
}

static void a_fit_tells_its_texts_apart_repeats_itself_and_never_sees_those_held_out(void) {
  TrainText t[] = { one("you are a stupid idiot", 1), one("what a stupid thing to say, idiot", 1),
                    one("what a lovely day", 0), one("you are a great help", 0), one("such a stupid idiot", 1),
                    one("a lovely thing to say", 0), one("held out", 1) };
  size_t n = sizeof t / sizeof *t;
  Error err;
  TrainParams p = plain();
  p.smooth = 0.1;
  t[n - 1].out = 1;
  Classify *c = train_fit(t, n, &p, span_of("", 0), &err), *again = train_fit(t, n, &p, span_of("", 0), &err);
  t[n - 1].text = span_str("another text altogether");
  Classify *other = train_fit(t, n, &p, span_of("", 0), &err);
  CHECK(c != NULL && again != NULL && other != NULL);
  for (size_t i = 0; i + 1 < n; i++) CHECK((classify_text(c, t[i].text).value > 0) == (t[i].positive != 0));
  CHECK(memcmp(c->weight, again->weight, (size_t)1 << SHAPE.bits) == 0 && c->unit == again->unit);
  CHECK(memcmp(c->weight, other->weight, (size_t)1 << SHAPE.bits) == 0 && c->bias == other->bias);
  classify_free(c);
  classify_free(again);
  classify_free(other);
  CHECK(train_fit(t + 2, 2, &p, span_of("", 0), &err) == NULL);   /* of one label */
}

/* With two values the curve of most likelihood goes through the mean target of each. */
static void a_calibration_meets_the_shares(void) {
  double value[30], weight[30];
  uint8_t positive[30];
  for (int i = 0; i < 30; i++) {
    value[i] = i < 20 ? -1 : 2, weight[i] = 1;
    positive[i] = i < 20 ? i < 2 : i < 29;              /* 2 of 20, 9 of 10 */
  }
  Classify *c = random_classifier(16);
  Error err;
  CHECK(train_calibrate(c, value, positive, weight, 30, &err) == 0);
  double high = 12.0 / 13, low = 1.0 / 21;              /* (11 + 1) / (11 + 2), 1 / (19 + 2) */
  CHECK(fabs(classify_score(c, -1) - (2 * high + 18 * low) / 20) < 1e-5);
  CHECK(fabs(classify_score(c, 2) - (9 * high + 1 * low) / 10) < 1e-5);
  CHECK(train_calibrate(c, value + 29, positive + 29, weight, 1, &err) != 0);
  classify_free(c);
}

/* ---- groups ---- */

/* Texts of words that differ in their first letter alone, four bytes each. */
static int alike(Span a, Span b, double least) {
  uint32_t in[2] = { 0, 0 };
  for (size_t k = 0; k < a.len; k += 4) in[0] |= (uint32_t)1 << (a.ptr[k] - 'a');
  for (size_t k = 0; k < b.len; k += 4) in[1] |= (uint32_t)1 << (b.ptr[k] - 'a');
  return __builtin_popcount(in[0] & in[1]) >= least * __builtin_popcount(in[0] | in[1]);
}

static void groups_are_those_of_all_pairs(void) {
  enum { N = 60 };
  char text[N][64];
  Span span[N];
  uint32_t group[N], wanted[N];
  Error err;
  for (int round = 0; round < 50; round++) {
    double least = 0.3 + 0.1 * draw(7);
    for (int i = 0; i < N; i++) {
      size_t len = 0, n = 1 + draw(6);
      for (size_t k = 0; k < n; k++) len += (size_t)sprintf(text[i] + len, "%cxq ", 'a' + (int)draw(12));
      span[i] = span_of(text[i], len);
      wanted[i] = (uint32_t)i;
    }
    CHECK(train_groups(span, N, least, group, &err) == 0);
    for (int again = 0; again < N; again++)
      for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
          if (wanted[i] == wanted[j] || !alike(span[i], span[j], least)) continue;
          uint32_t low = wanted[i] < wanted[j] ? wanted[i] : wanted[j];
          wanted[i] = wanted[j] = low;
        }
    for (int i = 0; i < N; i++) CHECK(group[i] == wanted[i]);
  }
}

int main(void) {
  RUN(words_are_folded_and_what_hides_them_is_undone);
  RUN(a_word_has_as_many_features_as_n_grams);
  RUN(a_text_has_the_value_of_its_worst_window);
  RUN(a_text_of_too_few_words_has_score_0);
  RUN(a_file_reads_as_it_was_written_and_nothing_else_does);
  RUN(two_texts_reach_the_optimum_of_the_logistic_loss);
  RUN(a_fit_tells_its_texts_apart_repeats_itself_and_never_sees_those_held_out);
  RUN(a_calibration_meets_the_shares);
  RUN(groups_are_those_of_all_pairs);
  return check_done();
}
