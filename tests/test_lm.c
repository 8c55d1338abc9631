/* tests/test_lm.c - the character model against probabilities computed by hand and by brute force */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "lm/lm.h"
#include "lm/lm_fit.h"

enum { NO_CUT = 1 << 28, PLENTY = 1 << 20 };

static LmTable *table_of(const char *const *text, size_t n, int order, size_t most, size_t max_ngrams, uint64_t least) {
  LmAlphabet a;
  LmLetters *l = lm_letters_new();
  for (size_t i = 0; i < n; i++) lm_letters_add(l, span_str(text[i]));
  lm_letters_pick(l, least, &a);
  lm_letters_free(l);
  LmCounts *c = lm_counts_new(&a, order, most);
  for (size_t i = 0; i < n; i++) CHECK(lm_counts_add(c, span_str(text[i])) == 0);
  Error err = { "" };
  LmTable *t = lm_table(c, max_ngrams, &err);
  lm_counts_free(c);
  CHECK(t != NULL);
  return t;
}

static int near(double a, double b, double by) { return fabs(a - b) <= by; }

/* ---- by hand ---- */

static void a_tiny_text_has_the_probabilities_of_the_paper(void) {
  LmTable *t = table_of((const char *const[]){ "abac" }, 1, 2, PLENTY, NO_CUT, 1);
  uint16_t start = LM_START, a = 'a', b = 'b', z = 'z';
  /* four symbols of three kinds: C(a) = 2, the lowest order is uniform over 256 */
  double pa = (2 + 3.0 / 256) / 7, pb = (1 + 3.0 / 256) / 7, pz = 3.0 / 256 / 7;
  CHECK(near(lm_table_p(t, NULL, 0, 'a'), pa, 1e-15) && near(lm_table_p(t, NULL, 0, 'z'), pz, 1e-15));
  /* behind a: b and c, once each */
  CHECK(near(lm_table_p(t, &a, 1, 'b'), (1 + 2 * pb) / 4, 1e-15));
  CHECK(near(lm_table_p(t, &a, 1, 'a'), 2 * pa / 4, 1e-15));
  /* behind b, and at the start: a alone */
  CHECK(near(lm_table_p(t, &b, 1, 'a'), (1 + pa) / 2, 1e-15));
  CHECK(near(lm_table_p(t, &start, 1, 'a'), (1 + pa) / 2, 1e-15));
  CHECK(near(lm_table_p(t, &start, 1, 'z'), pz / 2, 1e-15));
  /* what was never a context tells nothing */
  CHECK(near(lm_table_p(t, &z, 1, 'b'), pb, 1e-15));
  lm_table_free(t);
}

/* ---- by brute force ---- */

static const char *const RHYMES[] = {
  "the cat sat on the mat", "the dog sat on the log", "", "a cat, a dog and a bat sat", "the the the",
  "na\xC3\xAFve caf\xC3\xA9s and \xE2\x82\xAC""5 caf\xC3\xA9s", "\xD0\xBA\xD0\xBE\xD1\x82 \xD0\xB8 \xD0\xBA\xD0\xB8\xD1\x82",
  "\xFF\xC3 broken \xE2\x82", "x",
};
enum { N_RHYMES = sizeof RHYMES / sizeof *RHYMES, MOST_SYMBOLS = 400, PAD = LM_MAX_ORDER - 1 };

/* A text as symbols, LM_START before it; letters: code points with a symbol, ascending. */
typedef struct Spelt { size_t n; uint16_t symbol[MOST_SYMBOLS]; } Spelt;

static size_t sequence(const unsigned char *p, size_t left, uint32_t *c) {   /* for the texts above */
  if (left >= 2 && (p[0] & 0xE0) == 0xC0 && (p[1] & 0xC0) == 0x80) {
    *c = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    return 2;
  }
  if (left >= 3 && (p[0] & 0xF0) == 0xE0 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
    *c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    return 3;
  }
  *c = p[0];
  return 1;
}

static void spell(Spelt *s, Span text, const uint32_t *letter, size_t nletters) {
  for (s->n = 0; s->n < PAD; s->n++) s->symbol[s->n] = LM_START;
  for (size_t at = 0, len; at < text.len; at += len) {
    uint32_t c;
    size_t found = SIZE_MAX;
    len = sequence((const unsigned char *)text.ptr + at, text.len - at, &c);
    for (size_t i = 0; i < nletters && len > 1; i++)
      if (letter[i] == c) found = i;
    if (found != SIZE_MAX) s->symbol[s->n++] = (uint16_t)(256 + found);
    else
      for (size_t i = 0; i < len; i++) s->symbol[s->n++] = (unsigned char)text.ptr[at + i];
  }
}

typedef struct Brute { Spelt text[N_RHYMES]; double letters; uint64_t cut; } Brute;

/* How often the symbols stand, the last of them being predicted. */
static double times(const Brute *b, const uint16_t *gram, size_t n) {
  double count = 0;
  for (size_t t = 0; t < N_RHYMES; t++)
    for (size_t at = PAD; at < b->text[t].n; at++)
      count += at + 1 >= n && memcmp(b->text[t].symbol + at + 1 - n, gram, n * sizeof *gram) == 0;
  return count;
}

static int is_kept(const Brute *b, const uint16_t *gram, size_t n) {
  if (n <= 1) return 1;
  int only_start = 1;
  for (size_t i = 0; i < n; i++) only_start &= gram[i] == LM_START;
  return only_start || (times(b, gram, n) >= (double)b->cut && is_kept(b, gram, n - 1));
}

static double brute_p(const Brute *b, const uint16_t *context, size_t n, unsigned symbol) {
  uint16_t gram[LM_MAX_ORDER];
  double all = 0, kinds = 0, lost = 0, own = 0;
  memcpy(gram, context, n * sizeof *gram);
  if (!is_kept(b, context, n)) return brute_p(b, context + 1, n - 1, symbol);
  for (unsigned c = 0; c < 256 + (unsigned)b->letters; c++) {
    gram[n] = (uint16_t)c;
    double count = times(b, gram, n + 1);
    int kept = n == 0 || count >= (double)b->cut;
    all += count;
    kinds += count > 0;
    if (!kept) lost += count;
    else if (c == symbol) own = count;
  }
  double lower = n == 0 ? 1 / (256 + b->letters) : brute_p(b, context + 1, n - 1, symbol);
  return all == 0 ? lower : (own + (kinds + lost) * lower) / (all + kinds);
}

static void brute_of(Brute *b, const LmTable *t) {
  b->letters = (double)t->alphabet.nletters;
  b->cut = t->cut;
  for (size_t i = 0; i < N_RHYMES; i++)
    spell(&b->text[i], span_str(RHYMES[i]), t->alphabet.letter, t->alphabet.nletters);
}

static void agree(int order, size_t max_ngrams) {
  static Brute b;
  LmTable *t = table_of(RHYMES, N_RHYMES, order, PLENTY, max_ngrams, 2);
  brute_of(&b, t);
  CHECK(t->alphabet.nletters == 4 && t->alphabet.letter[0] == 0xE9);   /* é and three of кот и кит */
  for (size_t i = 0; i < N_RHYMES; i++)
    for (size_t at = PAD, n = (size_t)order - 1; at < b.text[i].n; at += 3) {
      const uint16_t *context = b.text[i].symbol + at - n;
      CHECK(near(lm_table_p(t, context, n, context[n]), brute_p(&b, context, n, context[n]), 1e-12));
      unsigned other = (unsigned)(at * 37 % 260);
      CHECK(near(lm_table_p(t, context, n, other), brute_p(&b, context, n, other), 1e-12));
    }
  lm_table_free(t);
}

static void probabilities_are_those_of_a_brute_force(void) {
  agree(2, NO_CUT);
  agree(4, NO_CUT);
  agree(6, NO_CUT);
}

static void so_are_those_of_a_pruned_model(void) {
  LmTable *t = table_of(RHYMES, N_RHYMES, 5, PLENTY, 60, 2);
  CHECK(t->cut > 1 && t->pruned > 0);
  size_t n = 0;
  for (int len = 2; len <= 5; len++) n += t->level[len].n - (len < 5);   /* without the place of the start */
  CHECK(n <= 60 && n > 20);
  lm_table_free(t);
  agree(5, 60);
  agree(6, 150);
}

/* ---- sums ---- */

/* The sum over the alphabet behind every context of the texts, of every length. */
static void sums_to_one(const LmTable *t, double by) {
  static Spelt s;
  size_t symbols = 256 + t->alphabet.nletters;
  for (size_t i = 0; i < N_RHYMES; i++) {
    spell(&s, span_str(RHYMES[i]), t->alphabet.letter, t->alphabet.nletters);
    for (size_t at = PAD; at <= s.n; at++)
      for (size_t n = 0; n < (size_t)t->order; n++) {
        double sum = 0;
        for (unsigned c = 0; c < symbols; c++) sum += lm_table_p(t, s.symbol + at - n, n, c);
        CHECK(near(sum, 1, by));
      }
  }
}

static void every_context_sums_to_one(void) {
  for (int order = 2; order <= 6; order += 2) {
    LmTable *t = table_of(RHYMES, N_RHYMES, order, PLENTY, NO_CUT, 2);
    sums_to_one(t, 1e-9);
    lm_table_free(t);
  }
}

static void pruned_by_count_or_while_counting_it_still_does(void) {
  LmTable *t = table_of(RHYMES, N_RHYMES, 5, PLENTY, 50, 2);
  sums_to_one(t, 1e-9);
  lm_table_free(t);
  t = table_of(RHYMES, N_RHYMES, 5, 40, NO_CUT, 2);
  CHECK(t->dropped > 0 && t->level[5].n <= 40);
  sums_to_one(t, 1e-9);
  lm_table_free(t);
}

/* ---- the packed model ---- */

static Lm *model_of(int order, LmTable **t) {
  *t = table_of(RHYMES, N_RHYMES, order, PLENTY, NO_CUT, 2);
  Lm *m = lm_pack(*t, span_str("{\"fitted\":\"on rhymes\"}"));
  CHECK(m != NULL);
  return m;
}

/* Each look-up of a length is rounded once: half a unit each. */
static void costs_are_those_of_the_table_but_for_rounding(void) {
  static Spelt s;
  LmTable *t;
  Lm *m = model_of(5, &t);
  for (size_t i = 0; i < N_RHYMES; i++) {
    spell(&s, span_str(RHYMES[i]), t->alphabet.letter, t->alphabet.nletters);
    for (size_t at = PAD; at < s.n; at++)
      for (unsigned c = 0; c < 256 + t->alphabet.nletters; c++) {
        double exact = -log2(lm_table_p(t, s.symbol + at - 4, 4, c)) * LM_UNITS;
        CHECK(near(lm_cost(m, s.symbol + at - 4, 4, c), exact, 2.5 + 1e-6));
      }
  }
  lm_unref(m);
  lm_table_free(t);
}

static void a_text_costs_what_its_symbols_cost(void) {
  static Spelt s;
  const char *const texts[] = { "the cat sat on the mat", "tac eht zq\xC3\xA9\xC3\xAF\xF0\x9F\x98\x80 caf\xC3\xA9", "" };
  const size_t chars[] = { 22, 18, 0 };
  uint32_t cost[64];
  for (int order = 2; order <= 6; order++) {
    LmTable *t;
    Lm *m = model_of(order, &t);
    for (int k = 0; k < 3; k++) {
      Span text = span_str(texts[k]);
      uint64_t sum = 0, by_byte = 0;
      /* the emoji is no letter: four symbols */
      spell(&s, text, t->alphabet.letter, t->alphabet.nletters);
      for (size_t at = PAD, n = (size_t)order - 1; at < s.n; at++) sum += lm_cost(m, s.symbol + at - n, n, s.symbol[at]);
      LmScore score = lm_score(m, text, cost);
      for (size_t i = 0; i < text.len; i++) by_byte += cost[i];
      CHECK(score.units == sum && by_byte == sum && score.chars == chars[k]);
      CHECK(lm_score(m, text, NULL).units == sum);
      if (k < 2) CHECK(near(lm_perplexity(score), pow(2, (double)sum / LM_UNITS / (double)chars[k]), 1e-9));
      else CHECK(isnan(lm_perplexity(score)) && isnan(lm_bits(score)));
    }
    lm_unref(m);
    lm_table_free(t);
  }
}

static void what_was_fitted_on_surprises_least(void) {
  LmTable *t;
  Lm *m = model_of(5, &t);
  double own = lm_bits(lm_score(m, span_str("the cat sat on the log"), NULL));
  CHECK(own < lm_bits(lm_score(m, span_str("tsa htt ec altog on het"), NULL)));
  CHECK(own < lm_bits(lm_score(m, span_str("\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0\xE5\xA5\xBD"), NULL)) / 4);
  lm_unref(m);
  lm_table_free(t);
}

/* ---- windows ---- */

static void the_window_is_that_of_a_brute_force(void) {
  const char *text = "ab\xC3\xA9" "cdefgh\xE2\x82\xAC" "ij";   /* 12 characters */
  const size_t first[] = { 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15 };
  uint32_t unit[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8 }, cost[15] = { 0 };
  for (int i = 0; i < 12; i++) cost[first[i]] = unit[i];
  for (size_t n = 1; n <= 12; n++)
    for (int sign = -1; sign <= 1; sign += 2) {
      size_t best = 0;
      double worth = -1e9;
      for (size_t i = 0; i + n <= 12; i++) {
        double sum = 0;
        for (size_t k = i; k < i + n; k++) sum += unit[k];
        if (sign * sum > worth) best = i, worth = sign * sum;
      }
      LmWindow w = lm_window(span_str(text), cost, n, sign);
      CHECK(w.start == first[best] && w.end == first[best + n]);
      CHECK(near(w.bits, sign * worth / (LM_UNITS * (double)n), 1e-12));
    }
  LmWindow all = lm_window(span_str(text), cost, 40, 1);
  CHECK(all.start == 0 && all.end == 15 && near(all.bits, 52.0 / 12 / LM_UNITS, 1e-12));
  CHECK(isnan(lm_window(span_str(""), cost, 8, 1).bits));
}

/* ---- files ---- */

static void a_file_gives_the_same_model(void) {
  LmTable *t;
  Lm *m = model_of(6, &t);
  Buf a = { 0 }, b = { 0 };
  Error err = { "" };
  CHECK(lm_write(m, &a) == 0);
  Lm *again = lm_read(buf_span(&a), "x.lm", &err);
  CHECK(again != NULL && again->order == 6 && again->alphabet.nletters == 4);
  CHECK(span_eq(buf_span(&again->note), span_str("{\"fitted\":\"on rhymes\"}")));
  CHECK(lm_write(again, &b) == 0 && span_eq(buf_span(&a), buf_span(&b)));
  for (size_t i = 0; i < N_RHYMES; i++)
    CHECK(lm_score(m, span_str(RHYMES[i]), NULL).units == lm_score(again, span_str(RHYMES[i]), NULL).units);
  buf_free(&a);
  buf_free(&b);
  lm_unref(again);
  lm_unref(m);
  lm_table_free(t);
}

static void the_same_texts_give_the_same_bytes(void) {
  Buf file[2] = { { 0 } };
  for (int i = 0; i < 2; i++) {
    LmTable *t;
    Lm *m = model_of(5, &t);
    CHECK(lm_write(m, &file[i]) == 0);
    lm_unref(m);
    lm_table_free(t);
  }
  CHECK(span_eq(buf_span(&file[0]), buf_span(&file[1])));
  buf_free(&file[0]);
  buf_free(&file[1]);
}

static int refused(Span bytes, const char *words) {
  Error err = { "" };
  Lm *m = lm_read(bytes, "x.lm", &err);
  if (m != NULL) lm_unref(m);
  return m == NULL && strstr(err.text, words) != NULL;
}

static void damage_and_other_files_are_refused_in_words(void) {
  LmTable *t;
  Lm *m = model_of(3, &t);
  Buf b = { 0 };
  CHECK(lm_write(m, &b) == 0);
  CHECK(refused(span_str(""), "no model of tamis fit lm"));
  CHECK(refused(span_str("{\"input\": \"a\"}"), "no model of tamis fit lm"));
  CHECK(refused(span_of(b.ptr, 20), "too early"));
  CHECK(refused(span_of(b.ptr, b.len - 8), "do not fit"));
  for (size_t i = 8; i < b.len; i += 97) {
    b.ptr[i] ^= 1;
    CHECK(refused(buf_span(&b), i < 12 ? "another version" : "damaged"));
    b.ptr[i] ^= 1;
  }
  buf_free(&b);
  lm_unref(m);
  lm_table_free(t);
}

static void no_text_is_no_model(void) {
  LmAlphabet a;
  Error err = { "" };
  CHECK(lm_alphabet_init(&a, NULL, 0) == 0);
  CHECK(lm_alphabet_init(&a, (const uint32_t[]){ 0x100, 0x100 }, 2) != 0);
  CHECK(lm_alphabet_init(&a, (const uint32_t[]){ 0x41 }, 1) != 0);
  CHECK(lm_alphabet_init(&a, NULL, 0) == 0);
  LmCounts *c = lm_counts_new(&a, 3, PLENTY);
  CHECK(lm_counts_add(c, span_str("")) == 0 && lm_table(c, NO_CUT, &err) == NULL && strstr(err.text, "no text") != NULL);
  lm_counts_free(c);
}

int main(void) {
  RUN(a_tiny_text_has_the_probabilities_of_the_paper);
  RUN(probabilities_are_those_of_a_brute_force);
  RUN(so_are_those_of_a_pruned_model);
  RUN(every_context_sums_to_one);
  RUN(pruned_by_count_or_while_counting_it_still_does);
  RUN(costs_are_those_of_the_table_but_for_rounding);
  RUN(a_text_costs_what_its_symbols_cost);
  RUN(what_was_fitted_on_surprises_least);
  RUN(the_window_is_that_of_a_brute_force);
  RUN(a_file_gives_the_same_model);
  RUN(the_same_texts_give_the_same_bytes);
  RUN(damage_and_other_files_are_refused_in_words);
  RUN(no_text_is_no_model);
  return check_done();
}
